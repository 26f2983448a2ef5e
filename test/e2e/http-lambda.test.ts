// The handlers of Lambda, given the events of an HTTP API and of a REST API, over the same log as the local home: they
// answer as it does.

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { httpHandler } from '../../functions/shared/handler.ts';
import { lateAppendLine, lateAppendOf } from '../../functions/shared/late-append.ts';
import { allRoutes } from '../../lib/api/routes/all.ts';
import { pathOf } from '../../lib/client/api-client.ts';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import type { LateAppend } from '../../lib/ports/environment.ts';
import { encodeFrames } from '../../lib/record/frames.ts';
import { createServices } from '../../lib/service/services.ts';
import { encodeLateAppend } from '../../lib/storage/aws/invoker.ts';
import { batchOf, ManualClock, SeededRandom } from '../support/test-log.ts';

const RAW = 'application/vnd.apache.kafka.record-batch';
const JSON_TYPE = { 'content-type': 'application/json' };

let home: LocalHome;
let handler: ReturnType<typeof httpHandler>;

beforeAll(async () => {
  home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
  handler = httpHandler(allRoutes, { services: home.services, access: undefined });
  const json = { topic_name: 'orders', partitions_count: 2 };
  await overHttp({ method: 'POST', path: '/topics', headers: JSON_TYPE, body: text(json) });
});

afterAll(() => home.close());

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

interface Answer {
  readonly status: number;
  readonly type: string | null | undefined;
  readonly body: Buffer;
}

const text = (json: unknown): Uint8Array => Buffer.from(JSON.stringify(json));

async function overHttp({ method, path, headers = {}, body }: Asked): Promise<Answer> {
  const init = body === undefined ? { method, headers } : { method, headers, body };
  const response = await fetch(home.url + path, init as RequestInit);
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    body: Buffer.from(await response.arrayBuffer()),
  };
}

type Event = Parameters<typeof handler>[0];

/** Gateways hand binary bodies over as base64. */
function bodyOf({ headers = {}, body }: Asked) {
  const isBase64Encoded = headers['content-type'] !== 'application/json';
  if (body === undefined) return { isBase64Encoded: false };
  const encoding = isBase64Encoded ? 'base64' : 'utf8';
  return { isBase64Encoded, body: Buffer.from(body).toString(encoding) };
}

/** Payload format 2.0. */
function httpApiEvent(asked: Asked, stage = '$default'): Event {
  const [path = '', query = ''] = asked.path.split('?');
  const prefix = stage === '$default' ? '' : `/${stage}`;
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: prefix + path,
    rawQueryString: query,
    headers: { host: 'log.example', ...asked.headers },
    requestContext: {
      domainName: 'log.example',
      stage,
      http: { method: asked.method, path: prefix + path },
    },
    ...bodyOf(asked),
  } as unknown as Event;
}

/** Payload format 1.0. */
function restApiEvent(asked: Asked): Event {
  const [path = '', query = ''] = asked.path.split('?');
  const parameters = new URLSearchParams(query);
  const lists = Object.fromEntries(
    [...parameters.keys()].map((key) => [key, parameters.getAll(key)]),
  );
  return {
    resource: '/{proxy+}',
    path,
    httpMethod: asked.method,
    headers: { host: 'log.example', ...asked.headers },
    multiValueHeaders: Object.fromEntries(
      Object.entries(asked.headers ?? {}).map(([name, value]) => [name, [value]]),
    ),
    queryStringParameters: query === '' ? null : Object.fromEntries(parameters),
    multiValueQueryStringParameters: query === '' ? null : lists,
    requestContext: { stage: 'v1', domainName: 'log.example', path: `/v1${path}` },
    ...bodyOf(asked),
  } as unknown as Event;
}

async function invoke(event: Event, by = handler): Promise<Answer> {
  const result = await by(event, undefined as never);
  const many = 'multiValueHeaders' in result ? (result.multiValueHeaders ?? {}) : {};
  const headers = new Map(
    Object.entries({ ...result.headers, ...many }).map(([name, value]) => [name, String(value)]),
  );
  expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  return {
    status: result.statusCode,
    type: headers.get('content-type') ?? null,
    body: Buffer.from(result.body, result.isBase64Encoded === true ? 'base64' : 'utf8'),
  };
}

/** What differs from call to call. */
function comparable({ status, type, body }: Answer): object {
  const same = body
    .toString('latin1')
    .replace(/"request_id":"[^"]+"/, '')
    .replaceAll(/https?:\/\/[^/"]+/g, '');
  return { status, type, body: same };
}

const frames = encodeFrames([
  { topicName: 'orders', partition: 1, batches: batchOf(['raw \u00ff', 'bytes']) },
]);
const produced = { method: 'POST', path: '/topics/orders/records' };

describe('the handlers of Lambda', () => {
  it('append what either gateway hands over, binary bodies too', async () => {
    const value = { type: 'STRING', data: 'one' };
    const one = { ...produced, headers: JSON_TYPE, body: text({ partition_id: 0, value }) };
    const raw = {
      method: 'POST',
      path: '/records',
      headers: { 'content-type': RAW },
      body: frames,
    };
    for (const [round, event] of [httpApiEvent, restApiEvent].entries()) {
      const first = await invoke(event(one));
      expect(JSON.parse(first.body.toString())).toMatchObject({ offset: round });
      const second = await invoke(event(raw));
      expect(JSON.parse(second.body.toString()).successes).toMatchObject([
        { topic_name: 'orders', partition_id: 1, base_offset: 2 * round, record_count: 2 },
      ]);
    }
  });

  const reads: Asked[] = [
    { method: 'GET', path: '/topics' },
    { method: 'GET', path: '/v3/clusters/-/topics/orders/configs' },
    { method: 'GET', path: '/topics/orders/partitions/1/records?from=earliest&max_records=1' },
    {
      method: 'GET',
      path: '/topics/orders/partitions/1/records?offset=0',
      headers: { accept: RAW },
    },
    {
      method: 'POST',
      path: '/fetch',
      headers: { ...JSON_TYPE, accept: RAW },
      body: text({ partitions: [{ topic_name: 'orders', partition_id: 1, offset: 0 }] }),
    },
    { method: 'GET', path: '/topics/orders/partitions/1/offset?latest' },
    { method: 'GET', path: '/topics/orders/partitions/1/offset?latest=&earliest=' },
    { method: 'GET', path: '/topics/orders/partitions/1/records?offset=99' },
    { method: 'GET', path: '/topics/orders/partitions/1/records?offset=0&offset=1' },
    { method: 'GET', path: '/topics/nowhere' },
    { method: 'GET', path: '/nowhere' },
    { method: 'PUT', path: '/topics' },
    { ...produced, headers: { 'content-type': 'text/plain' }, body: Buffer.from('x') },
    { ...produced, headers: JSON_TYPE, body: Buffer.from('{"value":') },
    { ...produced, headers: JSON_TYPE },
    { method: 'GET', path: '/v3/clusters' },
    { method: 'GET', path: '/v3/clusters/any' },
    { method: 'GET', path: '/health' },
    { method: 'GET', path: '/openapi.json' },
  ];
  it.each(reads)('answer $method $path as the local home does', async (asked) => {
    const expected = comparable(await overHttp(asked));
    expect(comparable(await invoke(httpApiEvent(asked)))).toEqual(expected);
    expect(comparable(await invoke(httpApiEvent(asked, 'prod')))).toEqual(expected);
    expect(comparable(await invoke(restApiEvent(asked)))).toEqual(expected);
  });

  it('refuse an answer that Lambda could not send, and say what to ask for instead', async () => {
    const json = { topic_name: 'quotes', partitions_count: 1 };
    await overHttp({ method: 'POST', path: '/topics', headers: JSON_TYPE, body: text(json) });
    const value = { type: 'STRING', data: '"'.repeat(500_000) };
    for (let count = 0; count < 6; count += 1) {
      const body = text({ value });
      const path = '/topics/quotes/records';
      await overHttp({ method: 'POST', path, headers: JSON_TYPE, body });
    }
    const path = '/topics/quotes/partitions/0/records?max_bytes=4000000';
    expect((await overHttp({ method: 'GET', path })).status).toBe(200);
    const refused = await invoke(httpApiEvent({ method: 'GET', path }));
    expect(refused.status).toBe(413);
    expect(refused.body.toString()).toContain('max_records');
    const fewer = await invoke(httpApiEvent({ method: 'GET', path: `${path}&max_records=2` }));
    expect(fewer.status).toBe(200);
  });
});

/**
 * What API Gateway makes of a path, as it was recorded in July 2026 (`/capture/space%20value` came as `rawPath:
 * "/capture/space value"` from an HTTP API, and as `path: "/capture/space%20value"` from a REST API): an HTTP API decodes
 * all but percent signs, and ends the path at a question mark that comes of it.
 */
function decodedByHttpApi(path: string): string {
  const [decoded = ''] = path.replace(/(?:%(?!25)[0-9A-F]{2})+/g, decodeURIComponent).split('?');
  return decoded;
}

describe('a name in a path', () => {
  const group = (segment: string) => ({ method: 'GET', path: `/consumer-groups/${segment}` });
  const join = (segment: string) => ({
    method: 'POST',
    path: `/consumer-groups/${segment}/members`,
    headers: JSON_TYPE,
    body: text({ subscribed_topics: ['orders'] }),
  });
  const groupOf = async (event: Event) =>
    JSON.parse((await invoke(event)).body.toString()).consumer_group_id;
  const throughHttpApi = (asked: Asked) =>
    httpApiEvent({ ...asked, path: decodedByHttpApi(asked.path) });

  it.each([
    ...[
      'plain-1.2_3',
      'with space',
      'grüppe',
      'a/b',
      'a%b',
      'a%20b',
      '100%',
      'a%2Fb',
      'a?b',
      'a#b',
    ],
    ...[
      'a\\b',
      '.',
      '..',
      '~tilde',
      '~',
      'a+b',
      '"{|}^`<>[]',
      '\u0001',
      '🎉',
      'a\nb',
      "it's (1)!*",
    ],
  ])('is the same behind every gateway, as the client writes it: %j', async (name) => {
    const segment = pathOf(name).slice(1);
    expect((await invoke(throughHttpApi(join(segment)))).status).toBe(201);
    expect(await groupOf(throughHttpApi(group(segment)))).toBe(name);
    expect(await groupOf(restApiEvent(group(segment)))).toBe(name);
    const local = await overHttp(group(segment));
    expect(JSON.parse(local.body.toString())).toMatchObject({
      consumer_group_id: name,
      metadata: { self: `${home.url}/consumer-groups/${segment}` },
    });
  });

  it.each(['with space', 'grüppe', 'a%b', 'a%20b', '100%', 'a%2Fb', 'a#b', 'a+b', 'a\\b', '🎉'])(
    'may be percent-encoded as well: %j',
    async (name) => {
      await overHttp(join(pathOf(name).slice(1)));
      const segment = encodeURIComponent(name);
      expect(await groupOf(throughHttpApi(group(segment)))).toBe(name);
      expect(await groupOf(restApiEvent(group(segment)))).toBe(name);
      expect(JSON.parse((await overHttp(group(segment))).body.toString())).toMatchObject({
        consumer_group_id: name,
      });
    },
  );

  it('never means another group because of a character that it holds', async () => {
    await overHttp(join('a'));
    for (const name of ['a#b', 'a\\b']) {
      const path = `/consumer-groups/${encodeURIComponent(`missing-${name}`)}`;
      expect((await invoke(throughHttpApi({ method: 'DELETE', path }))).status).toBe(404);
      const own = { method: 'DELETE', path: `/consumer-groups/${encodeURIComponent(name)}x` };
      expect((await invoke(throughHttpApi(own))).status).toBe(404);
    }
    expect((await overHttp(group('a'))).status).toBe(200);
  });

  it.each(['~a', '~YQ==', '~%2B', '~_w', '~YR'])(
    'is refused where it is no name: %s',
    async (segment) => {
      const answer = await overHttp(group(segment));
      expect(answer.status).toBe(400);
      expect(answer.body.toString()).toContain('base64url');
    },
  );
});

describe('each function', () => {
  const names = [...new Set(allRoutes.map(({ operation }) => operation.function))];

  beforeAll(() => {
    vi.stubEnv('STRATALOG_BUCKET', 'bucket');
    vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'itself');
    vi.stubEnv('AWS_REGION', 'us-east-1');
  });

  afterAll(() => vi.unstubAllEnvs());

  it.each(names)('%s serves its own operations, and no others', async (name) => {
    const its: { readonly handler: typeof handler } = await import(`../../functions/${name}.ts`);
    for (const { operation } of allRoutes) {
      const path = operation.path.replaceAll(/\{\w+\}/g, 'x');
      const answer = await invoke(httpApiEvent({ method: 'LOCK', path }), its.handler);
      const isItsOwn = allRoutes.some(
        (one) => one.operation.path === operation.path && one.operation.function === name,
      );
      expect([path, answer.status]).toEqual([path, isItsOwn ? 405 : 404]);
    }
  });
});

describe('an append that was answered before (acks=0)', () => {
  it('no-double-append: is delivered twice and stored once', async () => {
    const handedOver: LateAppend[] = [];
    const services = createServices({
      ...home.storage,
      clock: new ManualClock(),
      random: new SeededRandom(),
      invoker: { appendLater: async (late) => void handedOver.push(late) },
    });
    const path = '/topics/orders/partitions/0';
    const nextOffset = async () =>
      JSON.parse((await overHttp({ method: 'GET', path })).body.toString()).next_offset;
    const before = await nextOffset();
    const records = [{ topicName: 'orders', partition: 0, key: null, value: null, headers: [] }];
    const accepted = await services.produce.produce({ acks: 'none', records });
    expect(accepted).toMatchObject([{ kind: 'accepted' }]);
    expect(await nextOffset()).toBe(before);
    const [late] = handedOver;
    const event = JSON.parse(JSON.stringify(encodeLateAppend(late as LateAppend)));
    const deliver = async (): Promise<string | undefined> => {
      const carried = lateAppendOf(event);
      if (carried === undefined) throw new Error('the event carries an append');
      return lateAppendLine(carried, await services.append.append(carried), 0);
    };
    expect(await deliver()).toBeUndefined();
    const second = JSON.parse((await deliver()) ?? '{}');
    expect(second).toMatchObject({ LateAppendsRepeated: 1, objectId: late?.objectId });
    expect(second).not.toHaveProperty('LateAppendsDropped');
    expect(await nextOffset()).toBe(before + 1);
  });

  it('is counted where it is refused after it was accepted, and its records are not told', async () => {
    const batches = batchOf(['secret']);
    const parts = [0, 7].map((partition) => ({ topicName: 'orders', partition, batches }));
    const late = { objectId: '01HZZZZZZZZZZZZZZZZZZZZZZZ', partitions: parts };
    const line = lateAppendLine(late, await home.services.append.append(late), 1_000);
    expect(JSON.parse(line ?? '{}')).toMatchObject({
      _aws: { CloudWatchMetrics: [{ Metrics: [{ Name: 'LateAppendsDropped' }] }] },
      LateAppendsDropped: 1,
      refused: [{ topicName: 'orders', partition: 7, code: 'UNKNOWN_PARTITION' }],
    });
    expect(line).not.toContain(Buffer.from('secret').toString('base64').slice(0, 6));
    expect(line).not.toContain('secret');
  });

  it('is told from an event of HTTP', () => {
    expect(lateAppendOf(httpApiEvent({ method: 'GET', path: '/health' }))).toBeUndefined();
  });
});
