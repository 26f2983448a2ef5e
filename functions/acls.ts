// Access lists. Without them there is nothing that this function may read, and it says so.

import { aclRoutes } from '../lib/api/routes/acls.ts';
import { createAclRuntime } from './shared/acl-runtime.ts';
import { httpHandler } from './shared/handler.ts';

export const handler = httpHandler(aclRoutes, createAclRuntime());
