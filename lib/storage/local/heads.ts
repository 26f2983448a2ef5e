// Rows of the table `heads`. A head is read and written whole, many times a second, and nearly all of its tail is what
// it was the time before; so decoded tails are kept, and used again where the stored bytes are the same. Whoever else
// wrote in between, the bytes tell.

import { assert } from '../../assert.ts';
import { StratalogError } from '../../errors.ts';
import { ITEM_BYTES_MAX, LOCAL_HEADS_KEPT_MAX } from '../../limits.ts';
import { decodeEntries, encodeEntries } from '../../log/entry-codec.ts';
import { type PartitionKey, partitionKeyText } from '../../log/keys.ts';
import type { Head, ProducerState, TailEntry } from '../../log/partition.ts';
import type { Database } from './database.ts';
import { HoldRows } from './holds.ts';
import { type Row, readBigint, readBytes, readNumber, readText } from './rows.ts';

const SELECT = 'SELECT * FROM heads WHERE topic_id = ? AND partition = ?';
const INSERT = `INSERT INTO heads
  (next, start, floor, base, max_time, bytes, tail, producers, evictions, topic_id, partition)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const UPDATE = `UPDATE heads SET
  next = ?, start = ?, floor = ?, base = ?, max_time = ?, bytes = ?, tail = ?, producers = ?, evictions = ?
  WHERE topic_id = ? AND partition = ?`;
const DELETE = 'DELETE FROM heads WHERE topic_id = ? AND partition = ?';

interface KeptTail {
  readonly bytes: Uint8Array;
  readonly entries: readonly TailEntry[];
}

/** To be used inside `read` and `write` of the same database. */
export class HeadRows {
  readonly holds: HoldRows;
  readonly #database: Database;
  readonly #keptTails = new Map<string, KeptTail>();
  readonly #encodedEntries = new WeakMap<TailEntry, Uint8Array>();

  constructor(database: Database) {
    this.#database = database;
    this.holds = new HoldRows(database);
  }

  read(partition: PartitionKey): Head | undefined {
    const row = this.#database.statement(SELECT).get(partition.topicId, partition.partition);
    return row === undefined ? undefined : this.#decode(partition, row);
  }

  /** False: it is there already. */
  insert(partition: PartitionKey, head: Head): boolean {
    if (this.read(partition) !== undefined) return false;
    this.#write(INSERT, partition, head);
    return true;
  }

  /** Replaces a head that is there. */
  update(partition: PartitionKey, head: Head): void {
    this.#write(UPDATE, partition, head);
  }

  delete(partition: PartitionKey): void {
    this.#database.statement(DELETE).run(partition.topicId, partition.partition);
    this.#keptTails.delete(partitionKeyText(partition));
    this.holds.end(partition);
  }

  #write(sql: string, partition: PartitionKey, head: Head): void {
    const tail = Buffer.concat(head.tail.map((entry) => this.#encode(entry)));
    const producers = encodeProducers(head.producers);
    checkItemBytes(tail.length + producers.length);
    this.#database
      .statement(sql)
      .run(
        head.nextOffset,
        head.logStartOffset,
        head.floor,
        head.tailBase,
        head.rolledMaxTimestampMs,
        head.rolledBytes,
        tail,
        producers,
        head.evictions,
        partition.topicId,
        partition.partition,
      );
    this.#keep(partition, { bytes: tail, entries: head.tail });
  }

  #decode(partition: PartitionKey, row: Row): Head {
    return {
      nextOffset: readBigint(row, 'next'),
      logStartOffset: readBigint(row, 'start'),
      floor: readText(row, 'floor'),
      tailBase: readBigint(row, 'base'),
      rolledMaxTimestampMs: readNumber(row, 'max_time'),
      rolledBytes: readNumber(row, 'bytes'),
      tail: this.#decodeTail(partition, readBytes(row, 'tail')),
      producers: decodeProducers(readText(row, 'producers')),
      evictions: readNumber(row, 'evictions'),
    };
  }

  #decodeTail(partition: PartitionKey, bytes: Uint8Array): readonly TailEntry[] {
    const kept = this.#keptTails.get(partitionKeyText(partition));
    if (kept !== undefined && Buffer.compare(kept.bytes, bytes) === 0) return kept.entries;
    const entries = decodeEntries(bytes);
    this.#keep(partition, { bytes, entries });
    return entries;
  }

  #keep(partition: PartitionKey, tail: KeptTail): void {
    const name = partitionKeyText(partition);
    this.#keptTails.delete(name);
    this.#keptTails.set(name, tail);
    if (this.#keptTails.size <= LOCAL_HEADS_KEPT_MAX) return;
    const [oldest] = this.#keptTails.keys();
    if (oldest !== undefined) this.#keptTails.delete(oldest);
  }

  #encode(entry: TailEntry): Uint8Array {
    const known = this.#encodedEntries.get(entry);
    if (known !== undefined) return known;
    const bytes = encodeEntries([entry]);
    this.#encodedEntries.set(entry, bytes);
    return bytes;
  }
}

/** The same limit as in DynamoDB, so that what works here works there. */
export function checkItemBytes(bytes: number): void {
  if (bytes <= ITEM_BYTES_MAX) return;
  throw new StratalogError(
    'UNKNOWN_SERVER_ERROR',
    `an item of ${bytes} bytes can't be stored: the limit is ${ITEM_BYTES_MAX}; nothing was changed`,
  );
}

/** `<producer id>:<epoch>:<last sequence>:<last offset>`, separated by spaces. */
function encodeProducers(producers: Head['producers']): string {
  return [...producers]
    .map(([producerId, { producerEpoch, lastSequence, lastOffset }]) =>
      [producerId, producerEpoch, lastSequence, lastOffset].join(':'),
    )
    .join(' ');
}

function decodeProducers(text: string): Map<bigint, ProducerState> {
  const producers = new Map<bigint, ProducerState>();
  if (text === '') return producers;
  for (const item of text.split(' ')) {
    const match = /^(\d+):(\d+):(\d+):(\d+)$/.exec(item);
    assert(match !== null, `"${item}" is a producer's state`);
    const [, producerId = '', epoch = '', lastSequence = '', lastOffset = ''] = match;
    producers.set(BigInt(producerId), {
      producerEpoch: Number(epoch),
      lastSequence: Number(lastSequence),
      lastOffset: BigInt(lastOffset),
    });
  }
  return producers;
}
