// How DynamoDB's transactions meet other writes of the same items, which no emulator shows (Idziorek et al., "Distributed
// Transactions at Scale in Amazon DynamoDB", USENIX ATC 2023). A transaction gets a timestamp, then is prepared at each
// item: refused there if somebody wrote the item after that timestamp, or prepared another transaction of it. From then
// until it is done, other writes of the item are refused. So plain writes that come fast enough refuse a transaction
// again and again.

import { setTimeout as delay } from 'node:timers/promises';
import { StratalogError } from '../../lib/errors.ts';
import { type PartitionKey, partitionKeyText } from '../../lib/log/keys.ts';
import type { PartitionStore } from '../../lib/ports/partition-store.ts';
import type { TransactionStore } from '../../lib/ports/transaction-store.ts';

export interface ConflictTimes {
  /** A plain write, there and back. */
  readonly writeMs: number;
  /** From the timestamp until the last item is asked. */
  readonly prepareMs: number;
  readonly commitMs: number;
}

export interface ConflictCounts {
  /** Transactions refused because of other writes, and writes refused because of transactions. */
  transactions: number;
  writes: number;
}

interface Conflicting {
  readonly partitions: PartitionStore;
  readonly transactions: TransactionStore;
  readonly counts: ConflictCounts;
}

/** The same stores, whose writes of heads meet as in DynamoDB. */
export function conflicting(
  stores: Pick<Conflicting, 'partitions' | 'transactions'>,
  times: ConflictTimes,
): Conflicting {
  const counts: ConflictCounts = { transactions: 0, writes: 0 };
  const prepared = new Set<string>();
  const writtenAtMs = new Map<string, number>();

  const write = async <Outcome>(
    partition: PartitionKey,
    request: () => Promise<Outcome>,
    hasWritten: (outcome: Outcome) => boolean,
  ): Promise<Outcome> => {
    const key = partitionKeyText(partition);
    await delay(times.writeMs / 2);
    if (prepared.has(key)) {
      counts.writes += 1;
      throw conflict();
    }
    const outcome = await request();
    if (hasWritten(outcome)) writtenAtMs.set(key, performance.now());
    await delay(times.writeMs / 2);
    return outcome;
  };

  const transact = async <Outcome>(
    partitions: readonly PartitionKey[],
    request: () => Promise<Outcome>,
  ): Promise<Outcome> => {
    const keys = partitions.map(partitionKeyText);
    const timestampMs = performance.now();
    await delay(times.prepareMs);
    if (keys.some((key) => prepared.has(key) || (writtenAtMs.get(key) ?? 0) > timestampMs)) {
      counts.transactions += 1;
      throw conflict();
    }
    for (const key of keys) prepared.add(key);
    await delay(times.commitMs);
    try {
      return await request();
    } finally {
      for (const key of keys) prepared.delete(key);
    }
  };

  const { partitions, transactions } = stores;
  return {
    counts,
    partitions: {
      ...partitions,
      appendToHead: (request) =>
        write(
          request.partition,
          () => partitions.appendToHead(request),
          ({ kind }) => kind === 'appended',
        ),
      holdHead: (partition, untilMs) =>
        write(
          partition,
          () => partitions.holdHead(partition, untilMs),
          () => true,
        ),
      trimTail: (request) =>
        write(
          request.partition,
          () => partitions.trimTail(request),
          (outcome) => outcome === 'trimmed',
        ),
      appendToHeads: (appends) =>
        transact(
          appends.map(({ partition }) => partition),
          () => partitions.appendToHeads(appends),
        ),
    },
    transactions: {
      ...transactions,
      commitTransaction: (request) =>
        transact(
          request.appends.map(({ partition }) => partition),
          () => transactions.commitTransaction(request),
        ),
    },
  };
}

function conflict(): StratalogError {
  return new StratalogError('THROTTLED', 'another write of the item was under way');
}
