// Heads and pages in SQLite. A conditional write is a look and a change in one transaction: the write lock lies between
// nobody, so what was seen still stands. The clauses have the same names as in lib/storage/aws.

import { assert, required } from '../../assert.ts';
import { ulidFloor } from '../../ids.ts';
import {
  HEADS_PER_DELETE_MAX,
  HEADS_PER_READ_MAX,
  HEADS_PER_TRANSACTION_MAX,
  PRODUCERS_PER_EVICTION_MAX,
  PRODUCERS_PER_HEAD_CAP,
  TAIL_ENTRIES_CAP,
  TRANSACTION_ITEMS_MAX,
} from '../../limits.ts';
import { decodeEntries, encodeEntries } from '../../log/entry-codec.ts';
import type { PartitionKey } from '../../log/keys.ts';
import { emptyHead, type Head, recordCountOf } from '../../log/partition.ts';
import { withoutProducers } from '../../log/producer-states.ts';
import { trimmed } from '../../log/roll.ts';
import type {
  AppendToHeadRequest,
  PartitionStore,
  ProducerCondition,
} from '../../ports/partition-store.ts';
import type { Database } from './database.ts';
import { HeadRows } from './heads.ts';
import { insertPage, readPage, readPages } from './pages.ts';
import { createProducerRows } from './producer-rows.ts';
import { readText } from './rows.ts';
import { isBuried } from './topic-store.ts';

const SELECT_FLOOR = 'SELECT floor FROM floor WHERE only = 0';
const FLOOR_NEVER_RAISED = ulidFloor(0);

/** `nowMs`: the storage's clock, milliseconds since 1970. */
export function createPartitionStore(
  database: Database,
  nowMs: () => number = Date.now,
): PartitionStore {
  const heads = new HeadRows(database);

  const readFloor = (): string => {
    const row = database.statement(SELECT_FLOOR).get();
    return row === undefined ? FLOOR_NEVER_RAISED : readText(row, 'floor');
  };

  return {
    ...headChanges(database, heads),
    ...createProducerRows(database, nowMs),

    readFloor: () => database.read(readFloor),

    async createHeads({ topicId, partitions, floor }) {
      assert(partitions.length > 0, 'there are heads to create');
      assert(
        partitions.length <= HEADS_PER_TRANSACTION_MAX,
        `a transaction creates at most ${HEADS_PER_TRANSACTION_MAX} heads`,
      );
      const keys = partitions.map((partition) => ({ topicId, partition }));
      return await database.write(() => {
        if (readFloor() !== floor) return 'floor-moved';
        if (isBuried(database, topicId)) return 'dead';
        if (keys.some((key) => heads.read(key) !== undefined)) return 'exists';
        for (const key of keys) heads.insert(key, emptyHead(floor));
        return 'created';
      });
    },

    async deleteHeads({ topicId, partitions }) {
      assert(
        partitions.length <= HEADS_PER_DELETE_MAX,
        `one request deletes at most ${HEADS_PER_DELETE_MAX} heads`,
      );
      await database.write(() => {
        for (const partition of partitions) heads.delete({ topicId, partition });
      });
    },

    async readHeads(partitions) {
      assert(
        partitions.length <= HEADS_PER_READ_MAX,
        `one request reads at most ${HEADS_PER_READ_MAX} heads`,
      );
      return await database.read(() => partitions.map((partition) => heads.read(partition)));
    },

    async putPage(partition, page) {
      return await database.write(() => {
        const standing = readPage(database, partition, page.baseOffset);
        if (standing !== undefined) return { kind: 'exists', page: standing };
        insertPage(database, partition, page);
        return { kind: 'stored' };
      });
    },

    findPages: (partition, query) => database.read(() => readPages(database, partition, query)),
  };
}

type HeadChanges = Pick<
  PartitionStore,
  'appendToHead' | 'appendToHeads' | 'holdHead' | 'trimTail' | 'raiseLogStart' | 'removeProducers'
>;

/** What changes one head, on its conditions. */
function headChanges(database: Database, heads: HeadRows): HeadChanges {
  /** Changes a head where `change` gives the next one: that, or the one that stands. */
  const changeHead = (partition: PartitionKey, change: (head: Head) => Head | undefined) =>
    database.write(() => {
      const head = heads.read(partition);
      const next = head === undefined ? undefined : change(head);
      if (next === undefined) return { kind: 'refused', head } as const;
      heads.update(partition, next);
      return { kind: 'changed', head: next } as const;
    });

  return {
    async appendToHead(request) {
      assert(request.entries.length > 0, 'an append has entries');
      const { partition, unlessHeldAtMs } = request;
      let heldUntilMs: number | undefined;
      const outcome = await changeHead(partition, (head) => {
        heldUntilMs =
          unlessHeldAtMs === undefined
            ? undefined
            : heads.holds.heldUntilMs(partition, unlessHeldAtMs);
        const may = heldUntilMs === undefined && mayAppend(head, request);
        return may ? appended(head, request) : undefined;
      });
      return outcome.kind === 'changed'
        ? { kind: 'appended', head: outcome.head }
        : { ...outcome, ...(heldUntilMs === undefined ? {} : { heldUntilMs }) };
    },

    async appendToHeads(appends) {
      assert(appends.length > 0, 'there are heads to append to');
      assert(
        appends.length <= TRANSACTION_ITEMS_MAX,
        `a transaction appends to at most ${TRANSACTION_ITEMS_MAX} heads`,
      );
      return await database.write(() => {
        const refusing = refusingHeads(heads, appends);
        if (refusing.size > 0) return { kind: 'refused', heads: refusing };
        appendAll(heads, appends);
        return { kind: 'appended' };
      });
    },

    async holdHead(partition, untilMs) {
      await database.write(() => {
        if (heads.read(partition) !== undefined) heads.holds.hold(partition, untilMs);
      });
    },

    async trimTail({ partition, tailBase, page }) {
      assert(page.baseOffset === tailBase, 'a page begins where the tail does');
      assert(page.entries.length > 0, 'a page has entries');
      const outcome = await changeHead(partition, (head) =>
        head.tailBase === tailBase ? trimmed(head, page) : undefined,
      );
      return outcome.kind === 'changed' ? 'trimmed' : 'moved';
    },

    async raiseLogStart(partition, offset) {
      const outcome = await changeHead(partition, (head) =>
        head.logStartOffset < offset && offset <= head.nextOffset
          ? { ...head, logStartOffset: offset }
          : undefined,
      );
      return outcome.kind === 'changed' ? { kind: 'raised', head: outcome.head } : outcome;
    },

    async removeProducers(partition, producers) {
      assert(producers.length > 0, 'there are producers to move');
      assert(
        producers.length <= PRODUCERS_PER_EVICTION_MAX,
        `one request moves at most ${PRODUCERS_PER_EVICTION_MAX} producers`,
      );
      const outcome = await changeHead(partition, (head) => withoutProducers(head, producers));
      return outcome.kind === 'changed'
        ? { kind: 'removed', head: outcome.head }
        : { kind: 'changed', head: outcome.head };
    },
  };
}

/** Those of the heads that refuse what is to be appended to them, by position; inside a transaction of the database. */
export function refusingHeads(
  heads: HeadRows,
  appends: readonly AppendToHeadRequest[],
): Map<number, Head | undefined> {
  const refusing = new Map<number, Head | undefined>();
  for (const [at, append] of appends.entries()) {
    const head = heads.read(append.partition);
    if (head === undefined || !mayAppend(head, append)) refusing.set(at, head);
  }
  return refusing;
}

/** Appends to heads none of which refuses, in the same transaction of the database. */
export function appendAll(heads: HeadRows, appends: readonly AppendToHeadRequest[]): void {
  for (const append of appends) {
    const head = required(heads.read(append.partition), 'a head that does not refuse');
    heads.update(append.partition, appended(head, append));
    heads.holds.end(append.partition);
  }
}

function mayAppend(head: Head, request: AppendToHeadRequest): boolean {
  const { matchOffset, objectId, producer } = request;
  const objectNotBelowFloor = head.floor <= objectId;
  const tailBelowCap = head.tail.length < TAIL_ENTRIES_CAP;
  const offsetMatches = matchOffset === undefined || matchOffset === head.nextOffset;
  const producerMatches = producer === undefined || isExpected(head, producer);
  return objectNotBelowFloor && tailBelowCap && offsetMatches && producerMatches;
}

function isExpected(head: Head, { producerId, expected }: ProducerCondition): boolean {
  const state = head.producers.get(producerId);
  switch (expected.kind) {
    case 'state':
      return (
        state?.producerEpoch === expected.producerEpoch &&
        state.lastSequence === expected.lastSequence
      );
    case 'absent':
      return (
        state === undefined &&
        // No state was moved out of the head since the stored one was read.
        head.evictions === expected.evictions &&
        head.producers.size < PRODUCERS_PER_HEAD_CAP
      );
  }
}

function appended(head: Head, { entries, producer }: AppendToHeadRequest): Head {
  // Through their bytes: what the head holds from now on is what was stored, whatever the caller does with its entries.
  const stored = decodeEntries(encodeEntries(entries));
  const next = {
    ...head,
    nextOffset: head.nextOffset + BigInt(recordCountOf(entries)),
    tail: [...head.tail, ...stored],
  };
  if (producer === undefined) return next;
  const state = { ...producer.next, lastOffset: head.nextOffset };
  return { ...next, producers: new Map(head.producers).set(producer.producerId, state) };
}
