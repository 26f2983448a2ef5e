// What a deployed append does when AWS throttles, slows down, or the function is stopped in the middle.

import {
  GetFunctionConfigurationCommand,
  LambdaClient,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { asking, newTopic, text } from '../support/deploy/ask.ts';
import { signedEndpoint } from '../support/deploy/endpoint.ts';
import {
  type Fate,
  type FaultProxy,
  SLOW_DOWN,
  startFaultProxy,
  THROTTLED,
} from '../support/deploy/fault-proxy.ts';

/** Shorter than the storage's own timeout: a function that waits for it is stopped. */
const TIMEOUT_SECONDS = 2;
const PASS: Fate = { kind: 'pass' };

const cloud = inject('cloud');
const stack = inject('httpStack') ?? inject('restStack');
const ask = asking(() => signedEndpoint(cloud, stack.url));
const lambda = new LambdaClient(cloud);
const FunctionName = stack.functions.produce;
let proxy: FaultProxy;
let before: { Timeout: number; Variables: Record<string, string> };
/** Through the proxy. */
let through: typeof before;

beforeAll(async () => {
  proxy = await startFaultProxy(cloud.endpoint);
  const { Timeout = 0, Environment } = await lambda.send(
    new GetFunctionConfigurationCommand({ FunctionName }),
  );
  before = { Timeout, Variables: Environment?.Variables ?? {} };
  const Variables = {
    ...before.Variables,
    AWS_ENDPOINT_URL_DYNAMODB: proxy.endpoint,
    AWS_ENDPOINT_URL_S3: proxy.endpoint,
  };
  through = { ...before, Variables };
  await configure(through);
});

afterAll(async () => {
  await configure(before);
  await proxy.stop();
  lambda.destroy();
});

beforeEach(() => proxy.decide(() => PASS));

async function configure({ Timeout, Variables }: typeof before): Promise<void> {
  const Environment = { Variables };
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout, Environment }));
}

/** That fate for the first requests of an operation; the rest passes. Tells how many are still to come. */
function first(count: number, operation: string, fate: Fate): () => number {
  let left = count;
  proxy.decide((seen) => {
    if (seen.operation !== operation || left === 0) return PASS;
    left -= 1;
    return fate;
  });
  return () => left;
}

/**
 * Appends until the function was stopped while it waited for this operation. A machine that is slow may stop it before it
 * gets there: that has no effect.
 */
async function produceUntilStopped(topic: string, value: string, fate: Fate): Promise<void> {
  await configure({ ...through, Timeout: TIMEOUT_SECONDS });
  const left = first(1, 'dynamodb UpdateItem', fate);
  for (let tries = 0; tries < 10 && left() > 0; tries += 1) {
    expect((await produce(topic, value)).status).toBeGreaterThanOrEqual(500);
  }
  expect(left()).toBe(0);
  await configure(through);
}

const produce = (topic: string, value: string) =>
  ask('POST', `/topics/${topic}/records`, { json: { value: text(value) } });
const stored = async (topic: string): Promise<string[]> => {
  const { json } = await ask('GET', `/topics/${topic}/partitions/0/records`);
  return json.records.map((record: { value: { data: string } }) => record.value.data);
};

describe('an append', () => {
  it('is tried again when S3 asks to slow down', async () => {
    const topic = await newTopic(ask);
    const left = first(2, 's3 PUT', SLOW_DOWN);
    expect((await produce(topic, 'a')).status).toBe(200);
    expect(left()).toBe(0);
    expect(await stored(topic)).toEqual(['a']);
  });

  it('is tried again when DynamoDB throttles', async () => {
    const topic = await newTopic(ask);
    const left = first(2, 'dynamodb UpdateItem', THROTTLED);
    expect((await produce(topic, 'a')).status).toBe(200);
    expect(left()).toBe(0);
    expect(await stored(topic)).toEqual(['a']);
  });

  it.each([
    ['S3 goes on to ask', 's3 PUT', SLOW_DOWN],
    ['DynamoDB goes on to throttle', 'dynamodb UpdateItem', THROTTLED],
  ] as const)(
    'is refused with Retry-After when %s, and nothing is stored',
    async (_, operation, fate) => {
      const topic = await newTopic(ask);
      first(Number.POSITIVE_INFINITY, operation, fate);
      const answer = await produce(topic, 'a');
      expect([429, 503]).toContain(answer.status);
      expect(answer.json.retriable).toBe(true);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      proxy.decide(() => PASS);
      expect(await stored(topic)).toEqual([]);
    },
  );

  it('visible-once-complete, dense: stopped between object and head leaves no trace', async () => {
    const topic = await newTopic(ask);
    await produce(topic, 'a');
    await produceUntilStopped(topic, 'lost', { kind: 'lost' });
    const next = await produce(topic, 'b');
    expect(next.json).toMatchObject({ offset: 1 });
    expect(await stored(topic)).toEqual(['a', 'b']);
  });

  it('durable: stopped after the head changed is there once', async () => {
    const topic = await newTopic(ask);
    await produceUntilStopped(topic, 'a', { kind: 'answer-lost' });
    const next = await produce(topic, 'b');
    expect(next.json).toMatchObject({ offset: 1 });
    expect(await stored(topic)).toEqual(['a', 'b']);
  });
});
