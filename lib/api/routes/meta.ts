// What the log says of itself.

import * as z from 'zod';
import { openApiDocument } from '../openapi.ts';
import type { Operation, Route } from '../operation.ts';

/** Routes that describe these operations, and themselves. They use no service. */
export function metaRoutes(
  operations: readonly Operation[],
  version: string,
): readonly Route<unknown>[] {
  const routes: Route<unknown>[] = [
    {
      operation: {
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
      handle: () => Promise.resolve({ status: 200, json: { status: 'ok', version } }),
    },
    {
      operation: {
        id: 'openapi',
        method: 'get',
        path: '/openapi.json',
        function: 'meta',
        summary: 'This description',
        answers: { 200: { description: 'OpenAPI 3.1', schema: z.looseObject({}) } },
      },
      handle: () => {
        const all = [...operations, ...routes.map(({ operation }) => operation)];
        return Promise.resolve({ status: 200, json: openApiDocument(all, version) });
      },
    },
  ];
  return routes;
}
