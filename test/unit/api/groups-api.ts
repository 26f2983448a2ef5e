// The HTTP API of a log with consumer groups, asked in process. Every answer is checked against what the operation says
// of itself: its status is documented, its body has the documented shape, and nothing beside it.

import type { Hono } from 'hono';
import { expect } from 'vitest';
import { createApp } from '../../../lib/api/app.ts';
import type { Operation, Route } from '../../../lib/api/operation.ts';
import { problemSchema } from '../../../lib/api/problem.ts';
import { describeRoutes } from '../../../lib/api/routes/all.ts';
import { commitRoutes } from '../../../lib/api/routes/commit.ts';
import { fetchOffsetsRoutes } from '../../../lib/api/routes/fetch-offsets.ts';
import { groupRoutes } from '../../../lib/api/routes/groups.ts';
import { heartbeatRoutes } from '../../../lib/api/routes/heartbeat.ts';
import { joinRoutes } from '../../../lib/api/routes/join.ts';
import { leaveRoutes } from '../../../lib/api/routes/leave.ts';
import { produceRoutes } from '../../../lib/api/routes/produce.ts';
import { topicRoutes } from '../../../lib/api/routes/topics.ts';
import {
  createGroupServices,
  type GroupServices,
} from '../../../lib/service/group/group-services.ts';
import type { Services } from '../../../lib/service/services.ts';
import { createTestGroups } from '../../support/test-groups.ts';
import { type ManualClock, SeededRandom, type Wire } from '../../support/test-log.ts';

export const GROUP_OPERATIONS: readonly Operation[] = [
  ...joinRoutes,
  ...heartbeatRoutes,
  ...leaveRoutes,
  ...commitRoutes,
  ...fetchOffsetsRoutes,
  ...groupRoutes,
].map(({ operation }) => operation);

const ROUTES: readonly Route<Services & GroupServices>[] = [
  ...topicRoutes,
  ...produceRoutes,
  ...joinRoutes,
  ...heartbeatRoutes,
  ...leaveRoutes,
  ...commitRoutes,
  ...fetchOffsetsRoutes,
  ...groupRoutes,
  ...describeRoutes,
];

export interface Place {
  readonly topic_name: string;
  readonly partition_id: number;
}

/** What the tests read of answers; which fields are there is checked against the operation's schema. */
export interface AnswerBody {
  readonly member_id: string;
  readonly member_epoch: number;
  readonly counter: number;
  readonly assignment: readonly {
    readonly topic_name: string;
    readonly partitions: readonly number[];
  }[];
  readonly offsets: readonly (Place & { readonly offset: number | null })[];
  readonly data: readonly Readonly<Record<string, unknown>>[];
  readonly message: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly json: AnswerBody;
}

export interface OpenApi {
  readonly paths: Readonly<
    Record<string, Record<string, { readonly responses: Readonly<Record<string, unknown>> }>>
  >;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

export interface GroupApi {
  readonly clock: ManualClock;
  readonly wire: Wire;
  /** Errors that nobody expected. */
  readonly unexpected: readonly unknown[];
  readonly document: OpenApi;
  send(method: string, path: string, body?: unknown, more?: RequestInit): Promise<Answer>;
}

/** A log with the topic `orders` of three partitions, holding 3, 2 and 0 records. */
export async function createGroupApi(): Promise<GroupApi> {
  const { log, stores, createTopic } = createTestGroups();
  const world = { clock: log.clock, random: new SeededRandom(9), access: undefined };
  const ports = { ...log.storage, ...stores, ...world };
  const services = { ...log.services, ...createGroupServices(ports) };
  const unexpected: unknown[] = [];
  const app = createApp(ROUTES, services, { logError: ({ error }) => unexpected.push(error) });
  const document = (await (await app.request('/openapi.json')).json()) as OpenApi;
  await createTopic('orders', 3);
  const { timeMs } = log.clock;
  await log.services.produce.produce({
    acks: 'stored',
    records: [0, 0, 0, 1, 1].map((partition) => ({
      topicName: 'orders',
      partition,
      timestampMs: timeMs,
      key: null,
      value: Buffer.from('x'),
      headers: [],
    })),
  });
  return {
    clock: log.clock,
    wire: log.wire,
    unexpected,
    document,
    async send(method, path, body, more) {
      const answer = await ask(app, { method, path, body, more });
      checkAgainst(document, { method, path, answer });
      return answer;
    },
  };
}

async function ask(
  app: Hono,
  {
    method,
    path,
    body,
    more,
  }: { method: string; path: string; body: unknown; more: RequestInit | undefined },
): Promise<Answer> {
  const sends =
    body === undefined
      ? {}
      : {
          headers: { 'content-type': 'application/json' },
          body: typeof body === 'string' ? body : JSON.stringify(body),
        };
  const response = await app.request(path, { method, ...sends, ...more });
  const text = await response.text();
  const { status, headers } = response;
  return { status, headers, json: text === '' ? undefined : JSON.parse(text) };
}

function checkAgainst(
  document: OpenApi,
  { method, path, answer }: { method: string; path: string; answer: Answer },
): void {
  const operation = operationAt(method, path);
  if (operation === undefined) return;
  const { responses = {} } = document.paths[operation.path]?.[operation.method] ?? {};
  const what = `${operation.id} answers ${answer.status}: ${JSON.stringify(answer.json)}`;
  expect(Object.keys(responses), what).toContain(String(answer.status));
  expect(answer.headers.get('x-request-id'), what).toMatch(/^[0-9a-f-]{36}$/);
  const schema = answer.status >= 400 ? problemSchema : operation.answers[answer.status]?.schema;
  if (schema === undefined) expect(answer.json, what).toBeUndefined();
  else expect(schema.parse(answer.json), what).toEqual(answer.json);
}

function operationAt(method: string, path: string): Operation | undefined {
  const [pathname = ''] = path.replace(/^\/v3\/clusters\/[^/]+/, '').split('?');
  return GROUP_OPERATIONS.find(
    (one) =>
      one.method === method.toLowerCase() &&
      new RegExp(`^${one.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(pathname),
  );
}

export function places(...partitions: readonly number[]): Place[] {
  return partitions.map((partition_id) => ({ topic_name: 'orders', partition_id }));
}

/** What one test does with one group: each verb with a body that is right unless the test says otherwise. */
export class GroupCaller {
  readonly path: string;
  readonly #api: GroupApi;

  constructor(api: GroupApi, groupId = 'billing') {
    this.#api = api;
    this.path = `/consumer-groups/${encodeURIComponent(groupId)}`;
  }

  get(rest = ''): Promise<Answer> {
    return this.#api.send('GET', this.path + rest);
  }

  join(more: object = {}): Promise<Answer> {
    const body = { subscribed_topics: ['orders'], ...more };
    return this.#api.send('POST', `${this.path}/members`, body);
  }

  /** Joins, which must work. */
  async joined(more: object = {}): Promise<AnswerBody> {
    const { status, json } = await this.join(more);
    expect(status, JSON.stringify(json)).toBe(201);
    return json;
  }

  heartbeat(member: AnswerBody, more: object = {}): Promise<Answer> {
    return this.#api.send('POST', `${this.path}/members/${member.member_id}/heartbeat`, {
      member_epoch: member.member_epoch,
      counter: member.counter + 1,
      owned_partitions: member.assignment,
      ...more,
    });
  }

  leave({ member_id }: Pick<AnswerBody, 'member_id'>, query = ''): Promise<Answer> {
    return this.#api.send('DELETE', `${this.path}/members/${member_id}${query}`);
  }

  claim(member: AnswerBody, partitions: readonly Place[]): Promise<Answer> {
    const { member_id, member_epoch } = member;
    const body = { member_id, member_epoch, partitions };
    return this.#api.send('POST', `${this.path}/offsets/claim`, body);
  }

  /** Without a member: as a consumer without membership. */
  commit(member: AnswerBody | undefined, offsets: readonly object[]): Promise<Answer> {
    const who =
      member === undefined
        ? {}
        : { member_id: member.member_id, member_epoch: member.member_epoch };
    return this.#api.send('POST', `${this.path}/offsets`, { ...who, offsets });
  }

  reset(body: object): Promise<Answer> {
    return this.#api.send('POST', `${this.path}/offsets/reset`, body);
  }
}
