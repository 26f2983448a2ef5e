// The item of a partition's head, table `heads`. Attribute names and values: docs/formats/dynamodb.md. It is kept
// small, because DynamoDB charges every append by the size of the whole item: entries are packed, and a producer's
// state is one short text, which is also what an append's condition compares.

import { assert, required } from '../../assert.ts';
import { ulidFloor } from '../../ids.ts';
import { decodeEntry, encodeEntry } from '../../log/entry-codec.ts';
import { type PartitionKey, partitionKeyText } from '../../log/keys.ts';
import type { Head, ProducerState, TailEntry } from '../../log/partition.ts';
import {
  bytesValue,
  type Item,
  numberValue,
  readBigint,
  readBytesList,
  readMap,
  readNumber,
  readText,
  textValue,
} from './attributes.ts';

/** The key of the one item of `heads` that is no head: the global floor, which new heads start at. */
export const FLOOR_KEY = 'FLOOR';
/** The floor before it was ever raised, when its item doesn't exist. */
export const FLOOR_NEVER_RAISED = ulidFloor(0);

const PRODUCER_STATE = /^(\d+):(\d+)$/;

/** A head's key. */
export function headKey(partition: PartitionKey): { pk: { S: string } } {
  return { pk: textValue(partitionKeyText(partition)) };
}

export function encodeHead(partition: PartitionKey, head: Head): Record<string, Item[string]> {
  const producers: Record<string, Item[string]> = {};
  const lastOffsets: Record<string, Item[string]> = {};
  for (const [producerId, state] of head.producers) {
    producers[producerId.toString()] = textValue(encodeProducerState(state));
    lastOffsets[producerId.toString()] = numberValue(state.lastOffset);
  }
  return {
    ...headKey(partition),
    next: numberValue(head.nextOffset),
    start: numberValue(head.logStartOffset),
    floor: textValue(head.floor),
    base: numberValue(head.tailBase),
    maxTime: numberValue(head.rolledMaxTimestampMs),
    bytes: numberValue(head.rolledBytes),
    tail: encodeTail(head.tail),
    producers: { M: producers },
    lastOffsets: { M: lastOffsets },
    evictions: numberValue(head.evictions),
  };
}

export function decodeHead(item: Item): Head {
  return {
    nextOffset: readBigint(item, 'next'),
    logStartOffset: readBigint(item, 'start'),
    floor: readText(item, 'floor'),
    tailBase: readBigint(item, 'base'),
    rolledMaxTimestampMs: readNumber(item, 'maxTime'),
    rolledBytes: readNumber(item, 'bytes'),
    tail: readBytesList(item, 'tail').map(decodeEntry),
    producers: decodeProducers(item),
    evictions: readNumber(item, 'evictions'),
  };
}

/** Entries as a list that `list_append` takes. */
export function encodeTail(entries: readonly TailEntry[]): { L: { B: Uint8Array }[] } {
  return { L: entries.map((entry) => bytesValue(encodeEntry(entry))) };
}

/** `<epoch>:<last sequence>` */
export function encodeProducerState(state: Omit<ProducerState, 'lastOffset'>): string {
  return `${state.producerEpoch}:${state.lastSequence}`;
}

/** What `encodeProducerState` made. */
export function decodeProducerState(text: string): Omit<ProducerState, 'lastOffset'> {
  const match = PRODUCER_STATE.exec(text);
  assert(match !== null, 'a producer state is "<epoch>:<last sequence>"');
  return {
    producerEpoch: Number(required(match[1], 'the epoch')),
    lastSequence: Number(required(match[2], 'the last sequence')),
  };
}

function decodeProducers(item: Item): Map<bigint, ProducerState> {
  const lastOffsets = readMap(item, 'lastOffsets');
  const producers = new Map<bigint, ProducerState>();
  const states = readMap(item, 'producers');
  for (const producerId of Object.keys(states)) {
    producers.set(BigInt(producerId), {
      ...decodeProducerState(readText(states, producerId)),
      lastOffset: readBigint(lastOffsets, producerId),
    });
  }
  return producers;
}
