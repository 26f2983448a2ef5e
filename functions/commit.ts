// Members take partitions over, and commit offsets.

import { commitRoutes } from '../lib/api/routes/commit.ts';
import { httpHandler } from './shared/handler.ts';
import { createCommitRuntime } from './shared/runtime.ts';

export const handler = httpHandler(commitRoutes, createCommitRuntime());
