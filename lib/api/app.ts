// The HTTP application of some routes: what a Lambda function serves of them, or the local home of all.
// Every path is there twice, short and under /v3/clusters/{cluster_id}, where `-` and any other id mean this cluster.

import { type Context, Hono } from 'hono';
import { type Call, type Operation, RAW_MEDIA_TYPE, type Reply, type Route } from './operation.ts';
import { problem, type Refusal, refusalOf } from './problem.ts';
import { prefersRaw, readBody } from './request-body.ts';

export const CLUSTER_PREFIX = '/v3/clusters/:cluster_id';

const TOO_LARGE: Refusal = {
  code: 'BODY_TOO_LARGE',
  message:
    'the answer is larger than can be sent from here; ask for fewer records (max_records), for raw batches, or for references',
};

export interface AppOptions {
  /** Aborted when the process is about to end: who waits for records is answered with what there is. */
  readonly stopping?: AbortSignal;
  /** Whether JSON is more than can be sent from here. */
  readonly isTooLarge?: (json: string) => boolean;
  /** Says that something unexpected happened; gets no payload. */
  readonly logError?: (entry: { readonly requestId: string; readonly error: unknown }) => void;
}

/** `services`: those that the routes use. */
export function createApp<Uses>(
  routes: readonly Route<Uses>[],
  services: Uses,
  options: AppOptions = {},
): Hono {
  const app = new Hono();
  for (const one of routes) {
    const path = one.operation.path.replaceAll(/\{(\w+)\}/g, ':$1');
    for (const prefix of ['', CLUSTER_PREFIX]) {
      app.on(one.operation.method.toUpperCase(), `${prefix}${path}`, (context) =>
        answer(context, options, () => run(context, one, { services, options })),
      );
    }
  }
  app.notFound((context) =>
    answer(context, options, () => Promise.resolve(unrouted(context, routes))),
  );
  return app;
}

/** Runs a request to its response; whatever goes wrong becomes an error with a request id. */
async function answer(
  context: Context,
  options: AppOptions,
  work: () => Promise<Reply>,
): Promise<Response> {
  const requestId = crypto.randomUUID();
  try {
    return respond(await work(), requestId, options);
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal !== undefined) return respond(problem(refusal), requestId);
    (options.logError ?? logToStderr)({ requestId, error });
    const { method, path } = context.req;
    const message = `${method} ${path} failed inside; the log has more under this request id`;
    return respond(problem({ code: 'UNKNOWN_SERVER_ERROR', message }), requestId);
  }
}

function logToStderr({ requestId, error }: { requestId: string; error: unknown }): void {
  const { name, stack } = error instanceof Error ? error : { name: typeof error, stack: undefined };
  process.stderr.write(`${JSON.stringify({ level: 'error', requestId, error: name, stack })}\n`);
}

async function run<Uses>(
  context: Context,
  one: Route<Uses>,
  { services, options }: { readonly services: Uses; readonly options: AppOptions },
): Promise<Reply> {
  const { operation } = one;
  const { req } = context;
  const wantsRaw = prefersRaw(req.raw, operation);
  const params = operation.params?.parse(withoutCluster(req.param()));
  const query = operation.query?.parse(queryOf(req.url));
  const body = await readBody(req.raw, operation);
  const call: Call = {
    params: params as Call['params'],
    query: query as Call['query'],
    body: body.kind === 'json' ? (operation.body?.parse(body.value) as Call['body']) : undefined,
    raw: body.kind === 'raw' ? body.bytes : undefined,
    wantsRaw,
    clientId: req.header('x-client-id'),
    base: baseOf(req.url),
    signal:
      options.stopping === undefined
        ? req.raw.signal
        : AbortSignal.any([req.raw.signal, options.stopping]),
  };
  return one.handle(call, services);
}

function withoutCluster(params: Readonly<Record<string, string>>): Record<string, string> {
  const { cluster_id: _, ...rest } = params;
  return rest;
}

/** A parameter that comes twice is a list, which no schema takes. */
function queryOf(url: string): Record<string, unknown> {
  const values = new Map<string, unknown>();
  for (const [name, value] of new URL(url).searchParams) {
    values.set(name, values.has(name) ? [values.get(name), value] : value);
  }
  return Object.fromEntries(values);
}

function baseOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + (/^\/v3\/clusters\/[^/]+/.exec(pathname)?.[0] ?? '');
}

/** Nothing is routed there: the path is unknown, or it knows other methods. */
function unrouted(context: Context, routes: readonly Pick<Route, 'operation'>[]): Reply {
  const { method, path } = context.req;
  const allowed = routes
    .filter(({ operation }) => pathPattern(operation).test(path))
    .map(({ operation }) => operation.method.toUpperCase());
  if (allowed.length === 0) {
    return problem({
      code: 'ROUTE_NOT_FOUND',
      message: `there is nothing at ${path.slice(0, 200)}; GET /openapi.json says what there is`,
    });
  }
  const allow = [...new Set(allowed)].sort().join(', ');
  const reply = problem({
    code: 'METHOD_NOT_ALLOWED',
    message: `${method} is not for ${path.slice(0, 200)}; it takes ${allow}`,
  });
  return { ...reply, headers: { allow } };
}

function pathPattern({ path }: Operation): RegExp {
  return new RegExp(`^(/v3/clusters/[^/]+)?${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`);
}

function respond(reply: Reply, requestId: string, options: AppOptions = {}): Response {
  const headers = new Headers({ 'x-request-id': requestId, ...reply.headers });
  if (reply.raw !== undefined) {
    headers.set('content-type', RAW_MEDIA_TYPE);
    const [only] = reply.raw;
    const body = reply.raw.length === 1 && only !== undefined ? only : Buffer.concat(reply.raw);
    return new Response(body as Uint8Array<ArrayBuffer>, { status: reply.status, headers });
  }
  if (reply.json === undefined) return new Response(null, { status: reply.status, headers });
  headers.set('content-type', 'application/json');
  const isError = reply.status >= 400 && typeof reply.json === 'object';
  const json = isError ? { ...reply.json, request_id: requestId } : reply.json;
  const text = JSON.stringify(json);
  if (options.isTooLarge?.(text) === true) return respond(problem(TOO_LARGE), requestId);
  return new Response(text, { status: reply.status, headers });
}
