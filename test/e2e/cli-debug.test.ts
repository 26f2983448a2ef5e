// What is stored, as the CLI shows it: through the client and the HTTP API, against a local home whose jobs are run here.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../lib/local/environment.ts';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import { walKey } from '../../lib/log/keys.ts';
import { encodeBatch } from '../../lib/record/record.ts';
import { type Background, createBackground } from '../../lib/service/background/background.ts';
import { type CliResult, runCli } from '../support/cli.ts';
import { NO_LIMIT } from '../support/test-background.ts';
import { appendTo, text } from '../support/test-log.ts';

let home: LocalHome;
let background: Background;

beforeAll(async () => {
  home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
  const ports = { ...home.storage, clock: systemClock, random: systemRandom };
  background = createBackground(ports, { graceMs: 0 });
});

afterAll(() => home.close());

function cli(args: string, input = ''): Promise<CliResult> {
  return runCli(args.split(' '), { endpoint: home.url, input });
}

/** Twenty appends of one record each, four keys in turn, each key on one of two partitions. */
async function produce(topic: string, partitionCount: number): Promise<void> {
  for (let number = 0; number < 20; number += 1) {
    const key = text(`k${number % 4}`);
    const records = [{ timestamp: Date.now(), key, value: text(`${number}`) }];
    const partition = number % partitionCount;
    const batches = { [partition]: encodeBatch({ records }) };
    const [result] = await home.services.append.append(appendTo(topic, batches));
    expect(result?.kind).toBe('appended');
  }
}

describe('stratalog debug segments', () => {
  it('shows pages and the tail, then segments, and what compaction leaves', async () => {
    await cli('topics create state -p 2 --config cleanup.policy=compact --config segment.ms=1');
    const empty = await cli('debug segments state');
    expect(empty).toMatchObject({ code: 0, err: '' });
    expect(empty.out).toContain('no segments yet');
    await produce('state', 2);
    const before = JSON.parse((await cli('debug segments state -o json')).out);
    expect(before).toMatchObject({ topic: 'state', partitions: [{ segments: [] }, {}] });
    expect(before.partitions[0]).toMatchObject({ nextOffset: '10', tailEntries: 10, pageCount: 0 });
    await background.segments.mergeAll(NO_LIMIT);
    await background.compaction.compactAll(NO_LIMIT);
    const { partitions } = JSON.parse((await cli('debug segments state -o json')).out);
    for (const [partition, one] of partitions.entries()) {
      expect(one).toMatchObject({
        partition,
        segmentedTo: '10',
        tailEntries: 0,
        tailBytes: 0,
        pageCount: 0,
        pageBytes: 0,
        uncompactedBytes: 0,
      });
      expect(one.segments).toHaveLength(one.segmentCount);
    }
    expect(partitions[1].segments).toMatchObject([
      { baseOffset: '0', endOffset: '10', recordCount: 2, cleanedTo: '10' },
    ]);
    const table = await cli('debug segments state');
    expect(table.out).toMatch(/PARTITION +START +NEXT +SEGMENTS/);
    expect(table.out).toMatch(/PARTITION +BASE +END +RECORDS/);
    const one = JSON.parse((await cli('debug segments state -p 1 -o json')).out);
    expect(one.partitions).toMatchObject([{ partition: 1 }]);
  });

  it('says where bytes are damaged, and in which object', async () => {
    await cli('topics create broken --config segment.ms=1');
    await produce('broken', 1);
    const [topic] = (await home.services.topics.list()).filter(({ name }) => name === 'broken');
    const partition = { topicId: topic?.topicId ?? '', partition: 0 };
    const damage = { key: walKey('01H00000000000000000000000'), offset: 7n, problem: 'a test' };
    await home.storage.segments.openLog(partition, '0');
    await home.storage.segments.markDamage(partition, damage);
    const shown = await cli('debug segments broken');
    expect(shown.code).toBe(0);
    expect(shown.out).toMatch(/DAMAGED AT/);
    expect(shown.err).toContain(`damaged at offset 7, ${damage.key}: a test`);
  });

  it('says what is not there', async () => {
    const unknown = await cli('debug segments nothing');
    expect(unknown).toMatchObject({ code: 1, out: '' });
    expect(unknown.err).toContain('UNKNOWN_TOPIC_OR_PARTITION');
    const far = await cli('debug segments state -p 9');
    expect(far.err).toContain('partitions 0 to 1, not 9');
  });
});

describe('stratalog topics describe', () => {
  it('shows bytes, objects, segments and compaction debt', async () => {
    const { out } = await cli('topics describe state');
    expect(out).toMatch(/BYTES +OBJECTS +SEGMENTS +UNMERGED +UNCOMPACTED/);
    const { partitions } = JSON.parse((await cli('topics describe state -o json')).out);
    const sizes = { objects: 3, segments: 1, unmerged_bytes: 0, uncompacted_bytes: 0 };
    expect(partitions).toMatchObject([sizes, sizes]);
    expect(partitions[0].bytes).toBeGreaterThan(100);
  });
});

describe('stratalog debug garbage', () => {
  it('shows what would go, and leaves it', async () => {
    const look = async () => JSON.parse((await cli('debug garbage --dry-run -o json')).out);
    expect(await look()).toMatchObject({ isComplete: true, walObjects: 0 });
    const key = walKey('01H00000000000000000000000');
    const chunks = [new Uint8Array(5)];
    await home.storage.objects.putObject({ key, chunks, nonce: 'a writer that died' });
    // What a pass found long ago counts now.
    const endedAtMs = Date.now() - 86_400_000;
    const passes = [{ endedAtMs, below: '01J00000000000000000000000' }];
    expect(await home.storage.cleanup.replacePasses({ from: [], to: passes })).toBe('replaced');
    expect(await look()).toMatchObject({ walObjects: 1, walBytes: 5, keys: [key] });
    expect(await look()).toMatchObject({ walObjects: 1 });
    const { out } = await cli('debug garbage');
    expect(out).toMatch(/WOULD GO NOW/);
    expect(out).toContain(key);
  });
});
