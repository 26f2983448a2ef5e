// What appends to one head and appends to several have in common: what a batch demands of a head, where an append is that
// was lost sight of, and keeping heads small afterwards.

import { type Rejected, rejected } from '../../errors.ts';
import { LOST_ANSWER_PAGES_MAX } from '../../limits.ts';
import { findObject } from '../../log/append.ts';
import type { PartitionKey } from '../../log/keys.ts';
import { type Head, locateEntries, type TailEntry } from '../../log/partition.ts';
import { mustEvict } from '../../log/producer-states.ts';
import {
  type ExpectedProducer,
  lastSequence,
  planReturn,
  planSequence,
  type SequencedBatch,
} from '../../log/sequence.ts';
import type { PartitionStore, ProducerCondition } from '../../ports/partition-store.ts';
import { type RetryPorts, withRetries } from '../retry.ts';
import { evictProducers } from './evict-producers.ts';
import { rollTail } from './roll.ts';

export interface CommitPorts extends RetryPorts {
  readonly partitions: PartitionStore;
}

export interface HeadCommit {
  readonly partition: PartitionKey;
  readonly objectId: string;
  readonly entries: readonly TailEntry[];
  readonly matchOffset?: bigint;
}

export type Committed = { readonly kind: 'committed'; readonly baseOffset: bigint };

/** What is known between tries. */
export interface Progress {
  /** The producer's state to demand; undefined for a plain append. */
  readonly expected: ExpectedProducer | undefined;
  /** A transaction asks for the head to be left alone until then. */
  readonly heldUntilMs?: number | undefined;
}

const READ = { repeatable: true };

/** The one batch of an idempotent producer; undefined for a plain append. */
export function sequencedBatch(entries: readonly TailEntry[]): SequencedBatch | undefined {
  const [entry] = entries;
  if (entry?.producer === undefined) return undefined;
  return { ...entry.producer, recordCount: entry.recordCount };
}

/** The part of an append's conditions that is about its producer. */
export function producerCondition(
  batch: SequencedBatch | undefined,
  expected: ExpectedProducer | undefined,
): { readonly producer?: ProducerCondition } {
  if (batch === undefined || expected === undefined) return {};
  const { producerId, producerEpoch } = batch;
  return {
    producer: { producerId, expected, next: { producerEpoch, lastSequence: lastSequence(batch) } },
  };
}

/** A producer that isn't in the head may have its state outside: read after the head, never before it. */
export async function decideSequence(
  ports: CommitPorts,
  { partition, batch }: { readonly partition: PartitionKey; readonly batch: SequencedBatch },
  head: Head | undefined,
): Promise<Committed | Rejected | Progress> {
  if (head === undefined) {
    return rejected('UNKNOWN_TOPIC_OR_PARTITION', 'the topic was deleted meanwhile');
  }
  let plan = planSequence(head, batch);
  if (plan.kind === 'look-up') {
    const read = () => ports.partitions.readProducer(partition, batch.producerId);
    plan = planReturn(head, batch, await withRetries(ports, read, READ));
  }
  if (plan.kind === 'duplicate') return { kind: 'committed', baseOffset: plan.baseOffset };
  return plan.kind === 'append' ? { expected: plan.expected } : plan;
}

/** Where the entries of an object are, if they are in the head's tail or in the newest pages. */
export async function findAppended(
  ports: CommitPorts,
  { partition, objectId }: Pick<HeadCommit, 'partition' | 'objectId'>,
  head: Head,
): Promise<bigint | undefined> {
  const inTail = findObject(locateEntries(head.tailBase, head.tail), objectId);
  if (inTail !== undefined) return inTail;
  const query = { offset: head.tailBase, limit: LOST_ANSWER_PAGES_MAX };
  const pages = await withRetries(ports, () => ports.partitions.findPages(partition, query), READ);
  for (const page of pages) {
    const inPage = findObject(locateEntries(page.baseOffset, page.entries), objectId);
    if (inPage !== undefined) return inPage;
  }
  return undefined;
}

/** Every append pays for the whole head: moves out what this one has made too much. */
export async function keepSmall(
  ports: CommitPorts,
  appended: {
    readonly partition: PartitionKey;
    readonly entryCount: number;
    readonly expected: ExpectedProducer | undefined;
  },
  head: Head,
): Promise<void> {
  const { partition, entryCount, expected } = appended;
  await rollTail(ports, partition, head, entryCount);
  if (expected === undefined || !mustEvict(head, expected.kind === 'absent')) return;
  await evictProducers(ports, partition, head);
}
