// The API's routes are those of the handlers: infra has its own table, because it imports nothing of lib.

import { describe, expect, it } from 'vitest';
import { ROUTES } from '../../infra/routes.ts';
import { allRoutes } from '../../lib/api/routes/all.ts';

const line = (method: string, path: string, name: string) =>
  `${method.toUpperCase()} ${path} → ${name}`;

describe('the routes of the stack', () => {
  it('are the operations of the HTTP API, each with its function', () => {
    const routed = ROUTES.map((route) => line(route.method, route.path, route.function));
    const handled = allRoutes.map(({ operation: one }) => line(one.method, one.path, one.function));
    expect(routed.toSorted()).toEqual(handled.toSorted());
  });
});
