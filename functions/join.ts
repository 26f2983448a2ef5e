// A member joins a consumer group.

import { joinRoutes } from '../lib/api/routes/join.ts';
import { httpHandler } from './shared/handler.ts';
import { createMembershipRuntime } from './shared/runtime.ts';

export const handler = httpHandler(joinRoutes, createMembershipRuntime());
