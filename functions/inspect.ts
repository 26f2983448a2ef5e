// What is stored, for people to look at.

import { inspectRoutes } from '../lib/api/routes/inspect.ts';
import { httpHandler } from './shared/handler.ts';
import { createInspectRuntime } from './shared/runtime.ts';

export const handler = httpHandler(inspectRoutes, createInspectRuntime());
