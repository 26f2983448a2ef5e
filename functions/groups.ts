// Consumer groups as operators see them.

import { groupRoutes } from '../lib/api/routes/groups.ts';
import { httpHandler } from './shared/handler.ts';
import { createGroupRuntime } from './shared/runtime.ts';

export const handler = httpHandler(groupRoutes, createGroupRuntime());
