// Sending dead letters back: all, some, a chosen one; with nothing sent twice or passed over, whatever came before.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  previewAll,
  previewOne,
  type RedriveRequest,
  redriveAll,
  redriveOne,
} from '../../lib/cli/dlq/redrive.ts';
import { deadLetterOf } from '../../lib/client/consumer/failure-policy.ts';
import type { Stratalog } from '../../lib/index.ts';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import { runCli } from '../support/cli.ts';
import { createTopic, quickClient, sendAll, startConsumer } from '../support/client.ts';

let home: LocalHome;
let client: Stratalog;

beforeAll(async () => {
  home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
  client = quickClient(home.url);
});

afterAll(async () => {
  await client.close();
  await home.close();
});

/** A topic and its dead letters, `count` in partition 0. */
async function lettersOf(topic: string, count: number, redrives = 0): Promise<RedriveRequest> {
  await createTopic(client, topic, 1);
  const letters = await createTopic(client, `${topic}.dlq`, 2);
  const messages = Array.from({ length: count }, (_, index) => ({
    ...deadLetterOf({
      topic,
      partition: 0,
      groupId: 'workers',
      error: new Error('bad'),
      attempts: 1,
      message: {
        key: null,
        value: Buffer.from(String(index)),
        timestamp: String(Date.now()),
        attributes: 0,
        offset: String(index),
        headers: redrives === 0 ? {} : { '__dlq.redrives': Buffer.from(String(redrives)) },
      },
    }),
    partition: 0,
  }));
  await sendAll(client, letters, messages);
  return {
    client,
    topic: letters,
    max: Number.POSITIVE_INFINITY,
    redrivesMax: 3,
    signal: new AbortController().signal,
    left: () => undefined,
  };
}

async function sentBack(topic: string): Promise<string[]> {
  const values: string[] = [];
  for await (const { messages } of client.read({ topic })) {
    values.push(...messages.map(({ value }) => String(value)));
  }
  return values;
}

function letter(offset: number, again = false) {
  return { partition: 0, offset, again };
}

describe('redriveOne', () => {
  it('sends the chosen letter, once; a redrive of all leaves it out, wherever it was cut off', async () => {
    const request = await lettersOf('chosen', 6);
    expect(await redriveOne(request, letter(4))).toEqual({ sent: 1, refused: 0 });
    expect(await redriveOne(request, letter(1))).toEqual({ sent: 1, refused: 0 });
    await expect(redriveOne(request, letter(4))).rejects.toThrow('--again sends it once more');
    expect(await redriveAll({ ...request, max: 2 })).toEqual({ sent: 2, refused: 0 });
    expect(await sentBack('chosen')).toEqual(['4', '1', '0', '2']);
    expect((await previewAll(request)).map(({ offset }) => offset)).toEqual([3, 5]);
    expect(await redriveAll(request)).toEqual({ sent: 2, refused: 0 });
    expect(await sentBack('chosen')).toEqual(['4', '1', '0', '2', '3', '5']);
    expect(await redriveAll(request)).toEqual({ sent: 0, refused: 0 });
    expect(await redriveOne(request, letter(4, true))).toEqual({ sent: 1, refused: 0 });
    expect((await sentBack('chosen')).at(-1)).toBe('4');
  });

  it('sends no letter that there isn’t, none that came back too often, and none beside a redrive of all', async () => {
    const request = await lettersOf('guarded', 2, 3);
    await expect(redriveOne(request, letter(2))).rejects.toThrow('has no letter at offset 2');
    await expect(redriveOne(request, { ...letter(0), partition: 7 })).rejects.toThrow(
      'partition 7',
    );
    expect(await redriveOne(request, letter(0))).toEqual({ sent: 0, refused: 1 });
    const { consumer } = await startConsumer(client, [request.topic], {
      config: { groupId: `${request.topic}.redrive` },
      run: { autoCommit: false },
    });
    await expect(redriveOne(request, letter(0))).rejects.toThrow('a redrive of all letters');
    await consumer.disconnect();
    expect(await redriveOne({ ...request, redrivesMax: 4 }, letter(0))).toMatchObject({ sent: 1 });
    expect(await sentBack('guarded')).toEqual(['0']);
  });
});

describe('a preview', () => {
  it('says what would go where, and changes nothing', async () => {
    const request = await lettersOf('previewed', 2);
    const goes = { partition: 0, topic: 'previewed', reason: null };
    const all = [
      { ...goes, offset: 0 },
      { ...goes, offset: 1 },
    ];
    expect(await previewAll(request)).toEqual(all);
    expect(await previewAll({ ...request, max: 1 })).toEqual(all.slice(0, 1));
    expect(await previewOne(request, letter(1))).toEqual(all[1]);
    const worn = { ...request, redrivesMax: 0 };
    const left = { partition: 0, topic: null, reason: 'it came back 0 times already' };
    expect(await previewOne(worn, letter(1))).toEqual({ ...left, offset: 1 });
    expect(await sentBack('previewed')).toEqual([]);
    const { code, out } = await runCli(
      ['dlq', 'redrive', request.topic, '--offset', '1', '--dry-run', '-o', 'json'],
      { endpoint: home.url },
    );
    expect({ code, shown: JSON.parse(out) }).toEqual({ code: 0, shown: [all[1]] });
  });
});
