// A member leaves its group.

import { leaveRoutes } from '../lib/api/routes/leave.ts';
import { httpHandler } from './shared/handler.ts';
import { createMembershipRuntime } from './shared/runtime.ts';

export const handler = httpHandler(leaveRoutes, createMembershipRuntime());
