// What the log says of itself.

import * as z from 'zod';
import { openApiDocument } from '../openapi.ts';
import { type Operation, type Route, route } from '../operation.ts';

/** Routes that describe these operations, and themselves. */
export function metaRoutes(operations: readonly Operation[], version: string): readonly Route[] {
  const routes: Route[] = [
    route(
      {
        id: 'health',
        method: 'get',
        path: '/health',
        function: 'meta',
        summary: 'Whether requests are answered',
        answers: {
          200: {
            description: 'They are',
            schema: z.object({ status: z.literal('ok'), version: z.string() }),
          },
        },
      },
      () => Promise.resolve({ status: 200, json: { status: 'ok', version } }),
    ),
    route(
      {
        id: 'openapi',
        method: 'get',
        path: '/openapi.json',
        function: 'meta',
        summary: 'This description',
        answers: { 200: { description: 'OpenAPI 3.1', schema: z.looseObject({}) } },
      },
      () => {
        const all = [...operations, ...routes.map(({ operation }) => operation)];
        return Promise.resolve({ status: 200, json: openApiDocument(all, version) });
      },
    ),
  ];
  return routes;
}
