// A process that appends to partition 0 of a data directory: an object first, then the head, as every writer does, and
// rolls the tail. It prints a line for each append that was answered: base offset, record count, object id, bytes. It ends
// after so many appends, or when its standard input does.
//
//   node local-writer.ts <directory> <writer number> <appends at most> <at once> <bytes of an object>,<…>

import { ULID_RANDOM_BYTES, ulidOf } from '../../lib/ids.ts';
import { walKey } from '../../lib/log/keys.ts';
import type { Head } from '../../lib/log/partition.ts';
import { pageOf, planRoll } from '../../lib/log/roll.ts';
import { createLocalStorage } from '../../lib/storage/local/local-storage.ts';
import { OBJECT_TIME_MS, PARTITION } from './contract-values.ts';
import { bytesOf } from './local-log.ts';

const [, , directory = '', writerText, appendsText, atOnceText, sizesText = ''] = process.argv;
const [writer, appends, atOnce] = [Number(writerText), Number(appendsText), Number(atOnceText)];
const sizes = sizesText.split(',').map(Number);
const storage = createLocalStorage({ directory });
let started = 0;
let isEnough = false;
process.stdin.resume().once('end', () => {
  isEnough = true;
});

const roll = async (head: Head, appendedCount: number): Promise<void> => {
  const page = appendedCount === 0 ? pageOf(head) : planRoll(head, appendedCount);
  if (page === undefined) return;
  const put = await storage.partitions.putPage(PARTITION, page);
  const stored = put.kind === 'exists' ? put.page : page;
  const { baseOffset: tailBase } = stored;
  await storage.partitions.trimTail({ partition: PARTITION, tailBase, page: stored });
};

const append = async (number: number): Promise<void> => {
  const random = new Uint8Array(ULID_RANDOM_BYTES);
  new DataView(random.buffer).setUint16(4, writer);
  new DataView(random.buffer).setUint32(6, number);
  const objectId = ulidOf(OBJECT_TIME_MS, random);
  const lengthBytes = sizes[number % sizes.length] ?? 1;
  const recordCount = 1 + (number % 3);
  const chunks = [bytesOf(objectId, lengthBytes)];
  await storage.objects.putObject({ key: walKey(objectId), chunks, nonce: objectId });
  const entry = { objectId, positionBytes: 0, lengthBytes, recordCount, maxTimestampMs: number };
  for (;;) {
    const outcome = await storage.partitions.appendToHead({
      partition: PARTITION,
      entries: [entry],
      objectId,
    });
    if (outcome.head === undefined) throw new Error('there is no head');
    if (outcome.kind === 'refused') {
      await roll(outcome.head, 0);
      continue;
    }
    const baseOffset = outcome.head.nextOffset - BigInt(recordCount);
    process.stdout.write(`${baseOffset} ${recordCount} ${objectId} ${lengthBytes}\n`);
    await roll(outcome.head, 1);
    return;
  }
};

await Promise.all(
  Array.from({ length: atOnce }, async () => {
    while (started < appends && !isEnough) {
      started += 1;
      await append(started);
    }
  }),
);
await storage.close();
process.stdin.destroy();
