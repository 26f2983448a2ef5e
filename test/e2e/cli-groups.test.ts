// Groups and dead letters by the CLI, as a process against a local home.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stratalog } from '../../lib/index.ts';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import { type CliResult, runCli, startCli } from '../support/cli.ts';
import {
  createTopic,
  numbered,
  quickClient,
  sendAll,
  startConsumer,
  waitUntil,
} from '../support/client.ts';

let home: LocalHome;
let client: Stratalog;

beforeAll(async () => {
  home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
  client = quickClient(home.url);
});
afterAll(() => home.close());

function cli(args: string): Promise<CliResult> {
  return runCli(args.split(' '), { endpoint: home.url });
}

async function cliJson<Value>(args: string): Promise<Value> {
  const { code, out, err } = await cli(`${args} -o json`);
  expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as Value;
}

describe('stratalog groups', () => {
  it('lists, describes, shows lag, resets and deletes', async () => {
    const topic = await createTopic(client, 'orders', 2);
    await sendAll(client, topic, numbered(20));
    const { consumer, values } = await startConsumer(client, [topic], {
      config: { groupId: 'billing' },
    });
    await waitUntil(() => values.length === 20);
    expect(await cliJson('groups list')).toEqual([{ group: 'billing', members: 1 }]);
    const described = await cliJson<{ state: string; members: object[] }>(
      'groups describe billing',
    );
    expect(described).toMatchObject({
      state: 'Stable',
      members: [{ idle: false, absent: false, assignment: [{ topic, partitions: [0, 1] }] }],
    });
    const refused = await cli('groups reset-offsets billing --to earliest --execute');
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.err).toContain('NON_EMPTY_GROUP');
    await consumer.disconnect();
    const lags = await cliJson<{ lag: number; currentOffset: number }[]>('groups lag billing');
    expect(lags.map(({ lag }) => lag)).toEqual([0, 0]);
    const dry = await cli('groups reset-offsets billing --to=-5 --topic orders:1');
    expect(dry.err).toContain('--execute');
    expect(await cliJson<object[]>('groups lag billing')).toEqual(lags);
    await cliJson('groups reset-offsets billing --to earliest --execute');
    const behind = await cliJson<{ lag: number }[]>('groups lag billing');
    expect(behind.reduce((sum, { lag }) => sum + lag, 0)).toBe(20);
    expect((await cli('groups delete billing')).code).toBe(0);
    expect((await cli('groups describe billing')).err).toContain('GROUP_ID_NOT_FOUND');
  });

  it.each([
    ['earliest', { kind: 'earliest' }],
    ['offset:42', { kind: 'offset' }],
  ])('provectus #4453: a reset to %s goes there and nowhere else', async (to) => {
    const topic = await createTopic(client, `reset-${to.replace(':', '-')}`, 1);
    await sendAll(client, topic, numbered(60));
    const groupId = `group-${topic}`;
    const { consumer, values } = await startConsumer(client, [topic], { config: { groupId } });
    await waitUntil(() => values.length === 60);
    await consumer.disconnect();
    const changes = await cliJson(`groups reset-offsets ${groupId} --to ${to} --execute`);
    const offset = to === 'earliest' ? 0 : 42;
    expect(changes).toEqual([{ topic, partition: 0, previousOffset: 60, offset }]);
  });
});

describe('stratalog consume --group', () => {
  it('commits what it printed, so that the next goes on there', async () => {
    await sendAll(client, await createTopic(client, 'shared', 1), numbered(5));
    const first = await cli('consume shared --group readers --max 3 -o json');
    expect(first.out.trim().split('\n')).toHaveLength(3);
    const second = await cli('consume shared --group readers --max 2 -o json');
    expect(
      second.out
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line).value),
    ).toEqual(['3', '4']);
  });

  it('goes on until Ctrl-C, and leaves the group', async () => {
    await createTopic(client, 'waiting', 1);
    const process = startCli(['consume', 'waiting', '-g', 'waiters', '-o', 'json'], {
      endpoint: home.url,
    });
    await waitUntil(async () => {
      const { groups } = await client.admin().listGroups();
      return groups.some(({ groupId, members }) => groupId === 'waiters' && members === 1);
    });
    await sendAll(client, 'waiting', [{ value: 'x' }]);
    await waitUntil(() => process.out().includes('"x"'));
    process.child.kill('SIGINT');
    expect(await process.done).toMatchObject({ code: 0 });
    const { groups } = await client.admin().describeGroups(['waiters']);
    expect(groups[0]?.members).toEqual([]);
  });
});

describe('stratalog dlq', () => {
  it('lists letters and sends them back, some or all, never the worn-out', async () => {
    const topic = await createTopic(client, 'jobs', 1);
    const letters = await createTopic(client, 'jobs.dlq', 1);
    await sendAll(client, topic, numbered(4));
    let isBroken = true;
    const handled: string[] = [];
    const { consumer } = await startConsumer(client, [topic], {
      config: {
        groupId: 'workers',
        failurePolicy: { retry: { retries: 0 }, afterRetries: 'dead-letter' },
      },
      run: {
        eachMessage: async ({ message }) => {
          if (isBroken) throw new Error(`no ${message.value}`);
          handled.push(`${message.key} ${message.value}`);
        },
      },
    });
    const listed = () => cliJson<{ origin: string; error: string }[]>(`dlq list ${letters}`);
    await waitUntil(async () => (await client.admin().fetchTopicOffsets(letters))[0]?.high === '4');
    expect((await listed()).map(({ origin, error }) => [origin, error])).toEqual([
      ['jobs/0@0', 'no 0'],
      ['jobs/0@1', 'no 1'],
      ['jobs/0@2', 'no 2'],
      ['jobs/0@3', 'no 3'],
    ]);
    // Three fail again and come back once more; then what is broken is mended.
    expect(await cliJson(`dlq redrive ${letters} --max 3`)).toEqual({ sent: 3, refused: 0 });
    await waitUntil(async () => (await client.admin().fetchTopicOffsets(letters))[0]?.high === '7');
    isBroken = false;
    expect(await cliJson(`dlq redrive ${letters} --max-redrives 1`)).toEqual({
      sent: 1,
      refused: 3,
    });
    await waitUntil(() => handled.length === 1);
    expect(handled).toEqual(['key-3 3']);
    expect(await cliJson(`dlq redrive ${letters}`)).toEqual({ sent: 0, refused: 0 });
    await consumer.disconnect();
  });
});
