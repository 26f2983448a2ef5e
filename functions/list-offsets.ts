// Offsets by time and end.

import { listOffsetsRoutes } from '../lib/api/routes/list-offsets.ts';
import { httpHandler } from './shared/handler.ts';
import { createRuntime } from './shared/runtime.ts';

export const handler = httpHandler(listOffsetsRoutes, createRuntime());
