// A member says what it uses, and hears what it is to use.

import { heartbeatRoutes } from '../lib/api/routes/heartbeat.ts';
import { httpHandler } from './shared/handler.ts';
import { createMembershipRuntime } from './shared/runtime.ts';

export const handler = httpHandler(heartbeatRoutes, createMembershipRuntime());
