// What the log says of itself: health and the OpenAPI document. It has no rights on anything.

import { describeRoutes } from '../lib/api/routes/all.ts';
import { httpHandler } from './shared/handler.ts';

export const handler = httpHandler(describeRoutes, { services: undefined, access: undefined });
