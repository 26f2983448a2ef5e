import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  COMPRESSION_KINDS,
  type CompressionKind,
  clearTransactional,
  patchBaseOffset,
  stampLogAppendTime,
} from '../../lib/record/batch.ts';
import { encodeBatch, type NewRecord } from '../../lib/record/record.ts';
import { dumpLogSegments, readLogs } from '../support/kafka/kafka.ts';
import { describeLog, type LogDescriptions } from '../support/kafka/vectors.ts';

// What we encode, read by Kafka's own DumpLogSegments and by its record classes. Needs Java 17 and Maven.

const TIME_MS = 1_700_000_000_000;
const utf8 = (text: string) => Buffer.from(text);
const noise = Buffer.from(Array.from({ length: 9000 }, (_, index) => (index * index * 31) >>> 5));

const SHAPES: readonly NewRecord[] = [
  { timestamp: TIME_MS, key: utf8('key'), value: utf8('value') },
  { timestamp: TIME_MS + 5, value: utf8('no key') },
  { timestamp: TIME_MS - 1, key: utf8('no value') },
  { timestamp: 0 },
  { timestamp: 4_000_000_000_000, key: utf8(''), value: utf8('') },
  { timestamp: TIME_MS, key: noise, value: Buffer.alloc(40_000) },
  {
    timestamp: TIME_MS,
    key: utf8('größe €'),
    value: utf8('🎉'),
    headers: [
      { key: 'trace', value: utf8('1') },
      { key: 'null', value: null },
      { key: 'trace', value: utf8('2') },
      { key: '', value: utf8('') },
    ],
  },
];
/** Some 5 MB: more than LZ4's largest block. */
const TEXTS: readonly NewRecord[] = Array.from({ length: 500 }, (_, index) => ({
  timestamp: TIME_MS + index,
  key: utf8(`key-${index}`),
  value: utf8(JSON.stringify({ index, text: `record ${index % 17} of many, `.repeat(400) })),
}));

function segmentOf(compression: CompressionKind): Buffer {
  const producer = { producerId: 77n, producerEpoch: 3 };
  const batches = [
    encodeBatch({ records: SHAPES, compression }),
    encodeBatch({ records: TEXTS, compression, ...producer, baseSequence: 0 }),
    encodeBatch({
      records: SHAPES,
      compression,
      ...producer,
      baseSequence: 500,
      isTransactional: true,
    }),
    encodeBatch({
      records: SHAPES,
      compression,
      ...producer,
      baseSequence: 507,
      isTransactional: true,
    }),
    encodeBatch({ records: SHAPES.slice(0, 1), compression }),
  ];
  let nextOffset = 0n;
  for (const [index, batch] of batches.entries()) {
    patchBaseOffset(batch, 0, nextOffset, 4);
    nextOffset += BigInt([SHAPES, TEXTS, SHAPES, SHAPES][index]?.length ?? 1);
  }
  clearTransactional(batches[3]!, 0);
  stampLogAppendTime(batches[4]!, 0, TIME_MS + 99);
  return Buffer.concat(batches);
}

describe('segments of our batches, read by Kafka', () => {
  let folder = '';
  let read: LogDescriptions = {};
  const segments = new Map(COMPRESSION_KINDS.map((kind) => [kind, segmentOf(kind)]));
  const pathOf = (kind: CompressionKind) => join(folder, kind, '00000000000000000000.log');

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'stratalog-record-'));
    for (const [kind, bytes] of segments) {
      mkdirSync(join(folder, kind));
      writeFileSync(pathOf(kind), bytes);
    }
    read = await readLogs<LogDescriptions>(COMPRESSION_KINDS.map(pathOf));
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  for (const kind of COMPRESSION_KINDS) {
    it(`hold the same batches and records for Kafka's classes as for ours (${kind})`, () => {
      const batches = read[pathOf(kind)];
      expect(batches).toEqual(describeLog(segments.get(kind)!));
      expect(batches?.map((batch) => batch.recordCount)).toEqual([7, 500, 7, 7, 1]);
    });
  }

  it('draw no complaint from DumpLogSegments', async () => {
    const { output, complaints } = await dumpLogSegments(COMPRESSION_KINDS.map(pathOf));
    expect(complaints).toEqual([]);
    expect(output.match(/isvalid: true/g)).toHaveLength(5 * 5);
    expect(output.match(/^\| offset: /gm)).toHaveLength(5 * (7 + 500 + 7 + 7 + 1));
  });

  it('are seen to be broken by DumpLogSegments when they are', async () => {
    const bytes = Buffer.from(segments.get('none')!);
    bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
    mkdirSync(join(folder, 'broken'));
    const path = join(folder, 'broken', '00000000000000000000.log');
    writeFileSync(path, bytes);
    expect((await dumpLogSegments([path])).complaints).not.toEqual([]);
  });
});
