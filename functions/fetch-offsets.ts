// What a group has committed, and setting it.

import { fetchOffsetsRoutes } from '../lib/api/routes/fetch-offsets.ts';
import { httpHandler } from './shared/handler.ts';
import { createGroupRuntime } from './shared/runtime.ts';

export const handler = httpHandler(fetchOffsetsRoutes, createGroupRuntime());
