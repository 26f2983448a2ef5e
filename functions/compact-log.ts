// Log compaction, on a schedule.

import { jobHandler } from './shared/job.ts';
import { createBackgroundRuntime } from './shared/runtime.ts';

const { compaction } = createBackgroundRuntime();

export const handler = jobHandler('compact-log', (_event, limit) => compaction.compactAll(limit));
