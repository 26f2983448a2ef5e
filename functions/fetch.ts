// Fetch: records and where they are.

import { fetchRoutes } from '../lib/api/routes/fetch.ts';
import { httpHandler } from './shared/handler.ts';
import { createRuntime } from './shared/runtime.ts';

export const handler = httpHandler(fetchRoutes, createRuntime());
