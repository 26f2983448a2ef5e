// What the log says of itself: health and the OpenAPI document. It has no rights on anything.

import { describeRoutes } from '../lib/api/routes/all.ts';
import { httpHandler } from './shared/handler.ts';

/** Its routes use no service; one that did would fail here, and in the test of every route. */
export const handler = httpHandler(describeRoutes, {} as Parameters<typeof httpHandler>[1]);
