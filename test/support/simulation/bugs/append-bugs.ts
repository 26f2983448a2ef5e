// Bugs of the append path, planted in the storage's conditions or in what an adapter does with them.

import { StratalogError } from '../../../../lib/errors.ts';
import { type Head, recordCountOf } from '../../../../lib/log/partition.ts';
import type { AppendToHeadRequest } from '../../../../lib/ports/partition-store.ts';
import type { StoragePorts } from '../calls.ts';
import type { PlantedBug } from './planted-bug.ts';

async function headOf(
  { partitions }: StoragePorts,
  partition: AppendToHeadRequest['partition'],
): Promise<Head | undefined> {
  const [head] = await partitions.readHeads([partition]);
  return head;
}

/** The same append, which demands of its producer what stands. */
function demanding(request: AppendToHeadRequest, head: Head | undefined): AppendToHeadRequest {
  const { producer } = request;
  if (producer === undefined || head === undefined) return request;
  const state = head.producers.get(producer.producerId);
  const expected =
    state === undefined
      ? ({ kind: 'absent', evictions: head.evictions } as const)
      : ({ ...state, kind: 'state' } as const);
  return { ...request, producer: { ...producer, expected } };
}

export const counterFirst: PlantedBug = {
  name: 'counter-first',
  story: 'the offset is taken before the bytes are stored',
  breaks: ['visible-once-complete'],
  above(ports) {
    const owed = new Map<string, () => Promise<unknown>>();
    return {
      ...ports,
      objects: {
        ...ports.objects,
        async putObject(request) {
          const objectId = request.key.slice(request.key.lastIndexOf('/') + 1);
          owed.set(objectId, () => ports.objects.putObject(request));
          return { kind: 'stored' };
        },
      },
      partitions: {
        ...ports.partitions,
        async appendToHead(request) {
          const outcome = await ports.partitions.appendToHead(request);
          await owed.get(request.objectId)?.();
          owed.delete(request.objectId);
          return outcome;
        },
      },
    };
  },
};

export const sequenceUnchecked: PlantedBug = {
  name: 'sequence-unchecked',
  story: 'the append lacks the condition on its producer’s state',
  breaks: ['no-double-append', 'ordered'],
  below: (storage) => ({
    ...storage,
    partitions: {
      ...storage.partitions,
      async appendToHead(request) {
        const head = await headOf(storage, request.partition);
        return storage.partitions.appendToHead(demanding(request, head));
      },
    },
  }),
};

export const producerEpochUnchecked: PlantedBug = {
  name: 'producer-epoch-unchecked',
  story: 'the condition on a producer’s state has its sequence and not its epoch',
  breaks: ['fenced'],
  below: (storage) => ({
    ...storage,
    partitions: {
      ...storage.partitions,
      async appendToHead(request) {
        const head = await headOf(storage, request.partition);
        const expected = request.producer?.expected;
        const state = head?.producers.get(request.producer?.producerId ?? -1n);
        const isSame = expected?.kind === 'state' && expected.lastSequence === state?.lastSequence;
        return storage.partitions.appendToHead(isSame ? demanding(request, head) : request);
      },
    },
  }),
};

export const appendRetriedBlindly: PlantedBug = {
  name: 'append-retried-blindly',
  story: 'the adapter sends an append again whose outcome is not known',
  breaks: ['no-double-append'],
  above: (ports) => ({
    ...ports,
    partitions: {
      ...ports.partitions,
      async appendToHead(request) {
        try {
          return await ports.partitions.appendToHead(request);
        } catch (error) {
          if (error instanceof StratalogError && error.effect === 'unknown') {
            return ports.partitions.appendToHead(request);
          }
          throw error;
        }
      },
    },
  }),
};

export const duplicateAnsweredAsNew: PlantedBug = {
  name: 'duplicate-answered-as-new',
  story: 'a batch that is there is answered with the offset that a new one would get',
  breaks: ['durable'],
  below: (storage) => ({
    ...storage,
    partitions: {
      ...storage.partitions,
      async appendToHead(request) {
        const outcome = await storage.partitions.appendToHead(request);
        const { producer } = request;
        if (outcome.kind === 'appended' || outcome.head === undefined || producer === undefined) {
          return outcome;
        }
        const { head } = outcome;
        const state = head.producers.get(producer.producerId);
        if (state === undefined) return outcome;
        const wrong = { ...state, lastOffset: head.nextOffset };
        const producers = new Map(head.producers).set(producer.producerId, wrong);
        return { kind: 'refused', head: { ...head, producers } };
      },
    },
  }),
};

export const redeliveryOverwrites: PlantedBug = {
  name: 'redelivery-overwrites',
  story:
    'an object is put whether or not it is there, so that a redelivered append with acks=0 is appended again',
  breaks: ['no-double-append'],
  below: (storage) => ({
    ...storage,
    objects: {
      ...storage.objects,
      async putObject(request) {
        await storage.objects.putObject(request);
        return { kind: 'stored' };
      },
    },
  }),
};

export const rollUnchecked: PlantedBug = {
  name: 'roll-unchecked',
  story: 'a tail is trimmed without the condition that it still begins where the page does',
  breaks: ['no-loss-by-cleanup'],
  below: (storage) => ({
    ...storage,
    partitions: {
      ...storage.partitions,
      async trimTail(request) {
        const head = await headOf(storage, request.partition);
        const isSame = head === undefined || head.tailBase === request.tailBase;
        if (isSame || head.tail.length === 0) return storage.partitions.trimTail(request);
        const entries = head.tail.slice(0, request.page.entries.length);
        const endOffset = head.tailBase + BigInt(recordCountOf(entries));
        const page = { ...request.page, baseOffset: head.tailBase, endOffset, entries };
        return storage.partitions.trimTail({ ...request, tailBase: head.tailBase, page });
      },
    },
  }),
};

export const headsReadStale: PlantedBug = {
  name: 'heads-read-stale',
  story: 'heads are read without strong consistency: now and then as they were before',
  breaks: ['durable'],
  below(storage, world) {
    const before = new Map<string, Head | undefined>();
    const dice = world.dice.fork('stale heads');
    return {
      ...storage,
      partitions: {
        ...storage.partitions,
        async readHeads(partitions) {
          const heads = await storage.partitions.readHeads(partitions);
          return heads.map((head, index) => {
            const name = `${partitions[index]?.topicId}/${partitions[index]?.partition}`;
            const old = before.get(name) ?? head;
            before.set(name, head);
            return head !== undefined && dice.chance(0.3) ? old : head;
          });
        },
      },
    };
  },
};

export const movedStateTakenForNew: PlantedBug = {
  name: 'moved-state-taken-for-new',
  story: 'a producer whose state was moved out of the head is taken for a new one',
  breaks: ['no-double-append', 'ordered'],
  below: (storage) => ({
    ...storage,
    partitions: {
      ...storage.partitions,
      async readProducer() {
        return undefined;
      },
    },
  }),
};

export const evictionsUnchecked: PlantedBug = {
  name: 'evictions-unchecked',
  story:
    'the append of a producer that is back lacks the condition that nothing was moved out since its state was read',
  breaks: ['no-double-append', 'ordered', 'fenced'],
  below: (storage) => ({
    ...storage,
    partitions: {
      ...storage.partitions,
      async appendToHead(request) {
        const head = await headOf(storage, request.partition);
        const isAbsent = request.producer?.expected.kind === 'absent';
        const isKnown = head?.producers.has(request.producer?.producerId ?? -1n) ?? false;
        const isLoose = isAbsent && !isKnown;
        return storage.partitions.appendToHead(isLoose ? demanding(request, head) : request);
      },
    },
  }),
};

export const producersMovedBlindly: PlantedBug = {
  name: 'producers-moved-blindly',
  story: 'a producer’s state is taken out of the head though it has changed since it was put aside',
  breaks: ['no-double-append', 'ordered', 'durable', 'dense', 'converges'],
  below: (storage) => ({
    ...storage,
    partitions: {
      ...storage.partitions,
      async removeProducers(partition, producers) {
        const outcome = await storage.partitions.removeProducers(partition, producers);
        const standing = producers.flatMap(({ producerId }) => {
          const state = outcome.head?.producers.get(producerId);
          return state === undefined ? [] : [{ producerId, lastOffset: state.lastOffset }];
        });
        if (outcome.kind === 'removed' || standing.length === 0) return outcome;
        return storage.partitions.removeProducers(partition, standing);
      },
    },
  }),
};
