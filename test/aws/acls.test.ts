// Access lists, deployed: roles and users that sign, told apart by who they are, over the HTTP API and by Lambda.

import { LambdaClient } from '@aws-sdk/client-lambda';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { lambdaTransport } from '../../lib/client/transports/lambda.ts';
import { ACL_CACHE_TTL_MS } from '../../lib/limits.ts';
import { encodeFrames } from '../../lib/record/frames.ts';
import { type Ask, asking, text } from '../support/deploy/ask.ts';
import type { Credentials } from '../support/deploy/cloud.ts';
import { deploy, type StackOutputs } from '../support/deploy/deployment.ts';
import { apiAddress, endpointOf } from '../support/deploy/endpoint.ts';
import { ROOT } from '../support/deploy/global-setup.ts';
import { ACCOUNT, createRole } from '../support/deploy/iam.ts';
import { batchOf } from '../support/test-log.ts';

const cloud = inject('cloud');
const SHOP = `User:arn:aws:iam::${ACCOUNT}:role/shop`;
const POLL_MS = 500;

let stack: StackOutputs;
let root: Ask;
let shop: Ask;
let shopAgain: Ask;
let stranger: Ask;

const askAs = (credentials: Credentials): Ask =>
  asking(() =>
    endpointOf(apiAddress(cloud, stack.url), () => ({
      region: cloud.region,
      credentials,
      now: new Date(),
    })),
  );

const entry = (operation: string, more: object = {}) => ({
  resource_type: 'TOPIC',
  resource_name: 'orders',
  pattern_type: 'LITERAL',
  principal: SHOP,
  host: '*',
  operation,
  permission: 'ALLOW',
  ...more,
});

/** Until a change counts everywhere: after how many milliseconds somebody last asked and did not get this status. */
async function eventually(ask: () => Promise<{ status: number }>, status: number): Promise<number> {
  const startedAt = performance.now();
  let lastMs = 0;
  for (;;) {
    const askedMs = performance.now() - startedAt;
    const answer = await ask();
    if (answer.status === status || askedMs > 5 * ACL_CACHE_TTL_MS) {
      expect(answer.status).toBe(status);
      return lastMs;
    }
    lastMs = askedMs;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

describe.runIf(cloud.hasHttpApi && cloud.checksSignatures)(
  'a deployed log with access lists',
  () => {
    beforeAll(async () => {
      stack = await deploy(cloud, {
        stage: 'test-acls',
        api: 'http',
        context: { aclSuperUsers: ROOT },
      });
      const everything = `${stack.stageArn}/*/*`;
      const assume = await createRole(cloud, 'shop', everything);
      shop = askAs(await assume('one'));
      shopAgain = askAs(await assume('two'));
      const assumeOther = await createRole(cloud, 'stranger', everything);
      stranger = askAs(await assumeOther('one'));
      root = askAs(cloud.credentials);
      for (const topic_name of ['orders', 'secret']) {
        const created = await root('POST', '/topics', { json: { topic_name } });
        expect(created.status).toBe(201);
      }
      // As an operator would copy it: the role's own ARN, with its path.
      const principal = `User:arn:aws:iam::${ACCOUNT}:role/services/shop`;
      const data = [entry('WRITE', { principal }), entry('READ')];
      expect((await root('POST', '/acls:batch', { json: { data } })).status).toBe(201);
      // Nobody has asked these functions yet, so that they know of it when they begin.
    });

    const produce = (ask: Ask, topic: string) =>
      ask('POST', `/topics/${topic}/records`, { json: { value: text('x') } });

    it('lets a role do what it may in every session, and refuses it the rest', async () => {
      expect((await produce(shop, 'orders')).status).toBe(200);
      expect((await produce(shopAgain, 'orders')).status).toBe(200);
      const read = await shop('GET', '/topics/orders/partitions/0/records');
      expect([read.status, read.json.records.length]).toEqual([200, 2]);
      const denied = await shop('DELETE', '/topics/orders');
      expect(denied.status).toBe(403);
      expect(denied.json).toMatchObject({
        error_code: 40301,
        kafka_error_code: 29,
        retriable: false,
      });
      expect(denied.json.message).toContain(`${SHOP} may not DELETE`);
    });

    it('refuses a stranger what is there and what is not in the same words', async () => {
      const said = ({ json }: { json: object }) =>
        JSON.stringify({ ...json, request_id: '' }).replaceAll(/secret|nothing/g, 'N');
      const there = await produce(stranger, 'secret');
      expect([there.status, said(there)]).toEqual([403, said(await produce(stranger, 'nothing'))]);
      for (const ask of [stranger, shop]) {
        const partitions = ['secret', 'nothing'].map((topic_name) => ({
          ...{ topic_name, partition_id: 0, offset: 0 },
        }));
        const { json } = await ask('POST', '/fetch', {
          json: { partitions, deliver: 'reference' },
        });
        expect(json.partitions.map((one: { kafka_error: string }) => one.kafka_error)).toEqual([
          'TOPIC_AUTHORIZATION_FAILED',
          'TOPIC_AUTHORIZATION_FAILED',
        ]);
      }
      expect((await stranger('GET', '/topics')).json.data).toEqual([]);
      expect((await stranger('GET', '/acls')).json.kafka_error).toBe(
        'CLUSTER_AUTHORIZATION_FAILED',
      );
    });

    it('lets a role join its group, transact, and no other', async () => {
      const data = [
        entry('READ', { resource_type: 'GROUP', resource_name: 'shop-', pattern_type: 'PREFIXED' }),
        entry('WRITE', { resource_type: 'TRANSACTIONAL_ID', resource_name: 'shop-1' }),
      ];
      expect((await root('POST', '/acls:batch', { json: { data } })).status).toBe(201);
      const join = (ask: Ask, group: string) =>
        ask('POST', `/consumer-groups/${group}/members`, { json: { topic_regex: '.*' } });
      const joined = await join(shop, 'shop-1');
      expect(joined.json.assignment).toEqual([
        { topic_name: 'orders', topic_id: expect.any(String), partitions: [0] },
      ]);
      expect((await join(shop, 'other')).json.kafka_error).toBe('GROUP_AUTHORIZATION_FAILED');
      const init = (transactional_id: string) =>
        shop('POST', '/producers', { json: { transactional_id } });
      expect((await init('shop-1')).status).toBe(200);
      const { json } = await init('shop-2');
      expect(json.kafka_error).toBe('TRANSACTIONAL_ID_AUTHORIZATION_FAILED');
    });

    it('takes a right away from warm functions within the time that they believe what they know', async () => {
      expect((await produce(shop, 'orders')).status).toBe(200);
      const query = new URLSearchParams({ ...entry('WRITE') });
      const removed = await root('DELETE', `/acls?${query}`);
      expect(removed.json.data).toMatchObject([{ principal: SHOP, operation: 'WRITE' }]);
      const lastMs = await eventually(() => produce(shop, 'orders'), 403);
      expect(lastMs).toBeLessThan(ACL_CACHE_TTL_MS + 1_000);
      expect((await root('POST', '/acls', { json: entry('WRITE') })).status).toBe(201);
      await eventually(() => produce(shop, 'orders'), 200);
    });

    it('believes who invokes its functions, with acks=0 too', async () => {
      const client = new LambdaClient({
        endpoint: cloud.endpoint,
        region: cloud.region,
        credentials: cloud.credentials,
      });
      const send = async (principal: string | undefined, acks: string) => {
        const transport = lambdaTransport({
          functions: stack.functions,
          client,
          ...(principal === undefined ? {} : { principal }),
        });
        return await transport.send({
          method: 'POST',
          path: `/records?acks=${acks}`,
          headers: { 'content-type': 'application/vnd.apache.kafka.record-batch' },
          body: encodeFrames([{ topicName: 'orders', partition: 0, batches: batchOf(['x']) }]),
          signal: AbortSignal.timeout(40_000),
        });
      };
      const next = async () => (await root('GET', '/topics/orders/partitions/0')).json.next_offset;
      const before = await next();
      expect((await send(SHOP, 'all')).status).toBe(200);
      expect((await send(undefined, 'all')).status).toBe(403);
      expect((await send('User:other', 'all')).status).toBe(403);
      expect((await send(undefined, '0')).status).toBe(202);
      expect((await send(SHOP, '0')).status).toBe(202);
      while ((await next()) < before + 2)
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      await new Promise((resolve) => setTimeout(resolve, 2 * POLL_MS));
      expect(await next()).toBe(before + 2);
      client.destroy();
    });
  },
);
