// Retention by time and size, and what delete-records left, on a schedule.

import { jobHandler } from './shared/job.ts';
import { createBackgroundRuntime } from './shared/runtime.ts';

const { retention } = createBackgroundRuntime();

export const handler = jobHandler('apply-retention', (_event, limit) => retention.applyAll(limit));
