// The HTTP application of some routes: what a Lambda function serves of them, or the local home of all.
// Nearly every path is there twice, short and under /v3/clusters/{cluster_id}.

import { type Context, Hono } from 'hono';
import { ANONYMOUS } from '../access/principal.ts';
import { StratalogError } from '../errors.ts';
import { decodePathName } from '../path-name.ts';
import { type Call, RAW_MEDIA_TYPE, type Route } from './operation.ts';
import { servedPaths } from './paths.ts';
import { problem, type Refusal, refusalOf } from './problem.ts';
import type { Reply } from './reply.ts';
import { prefersRaw, type ReadAll, readBody, readPlainly } from './request-body.ts';
import { validationMessage } from './validation.ts';

const PLAINLY = { error: validationMessage };

const TOO_LARGE: Refusal = {
  code: 'BODY_TOO_LARGE',
  message:
    'the answer is larger than can be sent from here; ask for fewer records (max_records), for raw batches, or for references',
};

/** An answer on its way out. */
export interface SentAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly chunks: readonly Uint8Array[];
}

/** Shorter ways for bodies than the platform's Request and Response; `environment` is the server's, by request. */
export interface BodyShortcuts {
  /** As ReadAll. */
  read(environment: unknown, limits: Parameters<ReadAll>[1]): ReturnType<ReadAll>;
  /** Sends; what it returns says that it did. */
  send(environment: unknown, answer: SentAnswer): Response;
}

/** Who may do what, where access lists say it. */
export interface AppAccess<Uses> {
  /** Who asks; `environment` is the server's, by request. Undefined: nobody can tell. */
  principalOf(environment: unknown, request: Request): string | undefined;
  /** The services as this principal may use them. */
  servicesFor(principal: string): Promise<Uses>;
}

export interface AppOptions<Uses = unknown> {
  /** Default: everybody may do everything that the API lets in. */
  readonly access?: AppAccess<Uses> | undefined;
  readonly bodies?: BodyShortcuts;
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
  options: AppOptions<Uses> = {},
): Hono {
  const app = new Hono();
  for (const one of routes) {
    for (const served of servedPaths(one.operation.path)) {
      const path = served.replaceAll(/\{(\w+)\}/g, ':$1');
      app.on(one.operation.method.toUpperCase(), path, (context) =>
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
  return send(context, options, await outcome(context, options, { requestId, work }));
}

async function outcome(
  context: Context,
  options: AppOptions,
  { requestId, work }: { readonly requestId: string; readonly work: () => Promise<Reply> },
): Promise<SentAnswer> {
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
  { services, options }: { readonly services: Uses; readonly options: AppOptions<Uses> },
): Promise<Reply> {
  const { operation } = one;
  const { req } = context;
  const wantsRaw = prefersRaw(req.raw, operation);
  const params = operation.params?.parse(namesOf(req.param()), PLAINLY);
  const query = operation.query?.parse(queryOf(req.url), PLAINLY);
  const { bodies, stopping } = options;
  const body = await readBody(req.raw, operation, (request, limits) =>
    bodies === undefined ? readPlainly(request, limits) : bodies.read(context.env, limits),
  );
  const call: Call = {
    params: params as Call['params'],
    query: query as Call['query'],
    body:
      body.kind === 'json'
        ? (operation.body?.parse(body.value, PLAINLY) as Call['body'])
        : undefined,
    raw: body.kind === 'raw' ? body.bytes : undefined,
    wantsRaw,
    clientId: req.header('x-client-id'),
    base: baseOf(req.url),
    get signal() {
      const { signal } = req.raw;
      return stopping === undefined ? signal : AbortSignal.any([signal, stopping]);
    },
  };
  return one.handle(call, await servicesFor(context, options.access, services));
}

async function servicesFor<Uses>(
  { env, req }: Context,
  access: AppAccess<Uses> | undefined,
  services: Uses,
): Promise<Uses> {
  if (access === undefined) return services;
  return access.servicesFor(access.principalOf(env, req.raw) ?? ANONYMOUS);
}

/** The parameters of a path; any cluster is this one. */
function namesOf(params: Readonly<Record<string, string>>): Record<string, string> {
  const { cluster_id: _, ...rest } = params;
  return Object.fromEntries(
    Object.entries(rest).map(([parameter, segment]) => {
      const name = decodePathName(segment);
      if (name !== undefined) return [parameter, name];
      throw new StratalogError(
        'INVALID_REQUEST',
        `${parameter}: a name that begins with ~ is written as ~ and base64url of its UTF-8, without padding`,
      );
    }),
  );
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
    .filter(({ operation }) => servedPaths(operation.path).some(isPatternOf(path)))
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

function isPatternOf(path: string): (served: string) => boolean {
  return (served) => new RegExp(`^${served.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path);
}

/** An answer as it is sent. */
function respond(reply: Reply, requestId: string, options: AppOptions = {}): SentAnswer {
  const { status, raw, json } = reply;
  const headers = { 'x-request-id': requestId, ...reply.headers };
  if (raw !== undefined) {
    return { status, headers: { ...headers, 'content-type': RAW_MEDIA_TYPE }, chunks: raw };
  }
  if (json === undefined) return { status, headers, chunks: [] };
  const isError = status >= 400 && typeof json === 'object';
  const text = JSON.stringify(isError ? { ...json, request_id: requestId } : json);
  if (options.isTooLarge?.(text) === true) return respond(problem(TOO_LARGE), requestId);
  return {
    status,
    headers: { ...headers, 'content-type': 'application/json' },
    chunks: [Buffer.from(text)],
  };
}

function send(context: Context, { bodies }: AppOptions, answer: SentAnswer): Response {
  const { status, headers, chunks } = answer;
  if (status === 204) return new Response(null, { status, headers });
  if (bodies !== undefined) return bodies.send(context.env, answer);
  const [only] = chunks;
  const body = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
  return new Response(body as Uint8Array<ArrayBuffer>, { status, headers });
}
