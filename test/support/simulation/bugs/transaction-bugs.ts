// Bugs of transactions and of atomic appends: of what their one write holds, and of its conditions.

import type { Transaction } from '../../../../lib/log/transaction.ts';
import type { TransactionCommit } from '../../../../lib/ports/transaction-store.ts';
import type { StoragePorts } from '../calls.ts';
import type { PlantedBug } from './planted-bug.ts';

const PROMISES = ['atomic-transaction', 'fenced'];

/** The same item, as if it had been made from what stands. */
async function overwriting(
  { transactions }: StoragePorts,
  next: Transaction,
): Promise<Transaction> {
  const { transaction } = await transactions.readTransaction(next.transactionalId);
  return { ...next, version: (transaction?.version ?? 0) + 1 };
}

export const commitWithoutNumber: PlantedBug = {
  name: 'commit-without-number',
  story: 'a commit doesn’t say which transaction it is for: a late one commits half of the next',
  breaks: PROMISES,
  served: (served, ports) => ({
    ...served,
    transactions: {
      ...served.transactions,
      async end(request) {
        const { transactionalId } = request;
        const { transaction } = await ports.transactions.readTransaction(transactionalId);
        const number = transaction?.number ?? request.number;
        return served.transactions.end({ ...request, number });
      },
    },
  }),
};

export const commitUnconditional: PlantedBug = {
  name: 'commit-unconditional',
  story:
    'a commit lacks the condition that its transaction is still as it was read: it takes effect after a newer epoch, or an abort',
  breaks: PROMISES,
  below: (storage) => ({
    ...storage,
    transactions: {
      ...storage.transactions,
      async commitTransaction(commit: TransactionCommit) {
        const next = await overwriting(storage, commit.next);
        return storage.transactions.commitTransaction({ ...commit, next });
      },
    },
  }),
};

export const stagingUnconditional: PlantedBug = {
  name: 'staging-unconditional',
  story:
    'a transaction’s item is written without the condition on its version: of two changes at once one is lost',
  breaks: PROMISES,
  below: (storage) => ({
    ...storage,
    transactions: {
      ...storage.transactions,
      writeTransaction: async (next) =>
        storage.transactions.writeTransaction(await overwriting(storage, next)),
    },
  }),
};

export const commitHeadByHead: PlantedBug = {
  name: 'commit-head-by-head',
  story: 'a commit writes to one head after the other, so that readers see a part of it',
  breaks: PROMISES,
  above: (ports) => ({
    ...ports,
    transactions: {
      ...ports.transactions,
      async commitTransaction({ appends, ...commit }) {
        const outcome = await ports.transactions.commitTransaction({
          ...commit,
          appends: appends.slice(0, 1),
        });
        if (outcome.kind === 'refused') return outcome;
        for (const append of appends.slice(1)) await ports.partitions.appendToHead(append);
        return outcome;
      },
    },
  }),
};

export const offsetsAfterCommit: PlantedBug = {
  name: 'offsets-after-commit',
  story: 'the offsets of a transaction are committed after its records, not with them',
  breaks: PROMISES,
  above: (ports) => ({
    ...ports,
    transactions: {
      ...ports.transactions,
      async commitTransaction(commit) {
        const outcome = await ports.transactions.commitTransaction({ ...commit, offsets: [] });
        if (outcome.kind === 'refused') return outcome;
        for (const { topicId, partition, ...offset } of commit.offsets) {
          await ports.offsets.commitOffset({ ...offset, partition: { topicId, partition } });
        }
        return outcome;
      },
    },
  }),
};

export const offsetsOfAnybody: PlantedBug = {
  name: 'offsets-of-anybody',
  story: 'a transaction commits offsets without the condition that its consumer owns the partition',
  breaks: ['one-owner', 'fenced', 'atomic-transaction'],
  below: (storage) => ({
    ...storage,
    transactions: {
      ...storage.transactions,
      async commitTransaction(commit) {
        const offsets = await Promise.all(
          commit.offsets.map(async (asked) => {
            const { groupId, topicId, partition } = asked;
            const owner = (await storage.offsets.readOffsets({ groupId })).offsets.find(
              (one) => one.topicId === topicId && one.partition === partition,
            );
            const memberId = owner?.ownerMemberId ?? asked.memberId;
            const memberEpoch = owner?.ownerEpoch ?? asked.memberEpoch;
            return { ...asked, memberId, memberEpoch };
          }),
        );
        return storage.transactions.commitTransaction({ ...commit, offsets });
      },
    },
  }),
};

export const stagedAtOnce: PlantedBug = {
  name: 'staged-at-once',
  story: 'what is staged is appended at once, so that readers see what is never committed',
  breaks: PROMISES,
  below: (storage) => ({
    ...storage,
    transactions: {
      ...storage.transactions,
      async writeTransaction(next) {
        const { transactionalId } = next;
        const { transaction } = await storage.transactions.readTransaction(transactionalId);
        const outcome = await storage.transactions.writeTransaction(next);
        if (outcome === 'changed') return outcome;
        for (const [key, staged] of next.staged) {
          const entries = staged.slice(transaction?.staged.get(key)?.length ?? 0);
          const [topicId = '', number = ''] = key.split('/');
          const partition = { topicId, partition: Number(number) };
          const objectId = entries[0]?.objectId;
          if (objectId === undefined) continue;
          await storage.partitions.appendToHead({ partition, entries, objectId });
        }
        return outcome;
      },
      commitTransaction: (commit) =>
        storage.transactions.commitTransaction({ ...commit, appends: [] }),
    },
  }),
};

export const abortForgotten: PlantedBug = {
  name: 'abort-forgotten',
  story: 'an abort leaves what was staged in the item, where the next commit finds it',
  breaks: PROMISES,
  below: (storage) => ({
    ...storage,
    transactions: {
      ...storage.transactions,
      async writeTransaction(next) {
        if (next.deadlineMs !== undefined || next.last !== 'aborted') {
          return storage.transactions.writeTransaction(next);
        }
        const { transactionalId } = next;
        const { transaction } = await storage.transactions.readTransaction(transactionalId);
        const staged = transaction?.staged ?? next.staged;
        return storage.transactions.writeTransaction({ ...next, staged });
      },
    },
  }),
};

export const sequencesForgotten: PlantedBug = {
  name: 'sequences-forgotten',
  story: 'the sequences of a transactional producer end with its transaction',
  breaks: ['ordered', 'atomic-transaction'],
  below: (storage) => ({
    ...storage,
    transactions: {
      ...storage.transactions,
      commitTransaction: (commit) =>
        storage.transactions.commitTransaction({
          ...commit,
          next: { ...commit.next, sequences: new Map() },
        }),
    },
  }),
};

export const atomicHeadByHead: PlantedBug = {
  name: 'atomic-head-by-head',
  story: 'an atomic append writes to one head after the other',
  breaks: ['atomic-transaction', 'no-double-append', 'ordered'],
  above: (ports) => ({
    ...ports,
    partitions: {
      ...ports.partitions,
      async appendToHeads(appends) {
        for (const [at, append] of appends.entries()) {
          const outcome = await ports.partitions.appendToHead(append);
          if (outcome.kind === 'refused') {
            return { kind: 'refused', heads: new Map([[at, outcome.head]]) };
          }
        }
        return { kind: 'appended' };
      },
    },
  }),
};
