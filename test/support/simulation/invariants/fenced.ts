// After a newer producer epoch or a newer generation of a group exists, nothing done under the older one takes effect.

import { type GroupModel, groupPartition } from '../group-model.ts';
import type { CallSeen, Invariant, Observation, Placed } from '../observation.ts';
import type { PartitionModel } from '../partition-model.ts';

export class Fenced implements Invariant {
  readonly name = 'fenced';
  readonly #groups: GroupModel;
  readonly #epochs = new Map<PartitionModel, Map<number, number>>();
  /** By producer id: the latest epoch that a transactional producer has. */
  readonly #instances = new Map<number, number>();

  constructor(groups: GroupModel) {
    this.#groups = groups;
  }

  check(seen: Observation): string | undefined {
    if (seen.kind === 'placed') return this.#checkPlaced(seen);
    if (seen.kind === 'initialized') {
      const { producerId, producerEpoch } = seen;
      const latest = this.#instances.get(producerId) ?? -1;
      this.#instances.set(producerId, Math.max(latest, producerEpoch));
      return undefined;
    }
    return seen.kind === 'call' ? this.#checkCall(seen) : undefined;
  }

  #checkPlaced({ partition, batches }: Placed): string | undefined {
    const epochs = this.#epochs.get(partition) ?? new Map<number, number>();
    this.#epochs.set(partition, epochs);
    for (const { sequence, ids } of batches) {
      if (sequence === undefined) continue;
      const { producerId, producerEpoch } = sequence;
      const instance = this.#instances.get(producerId) ?? producerEpoch;
      const latest = Math.max(epochs.get(producerId) ?? producerEpoch, instance);
      if (producerEpoch < latest) {
        return `${ids[0]} of epoch ${producerEpoch} was put into ${partition.name} after there was epoch ${latest}`;
      }
      epochs.set(producerId, producerEpoch);
    }
    return undefined;
  }

  #checkCall({ call }: CallSeen): string | undefined {
    switch (call.method) {
      case 'claimPartition':
      case 'claimFirst':
        if (call.answer.kind !== 'claimed') return undefined;
        return this.#checkZombie('claimed', call.asked[0]);
      case 'commitOffset':
        if (call.answer.kind !== 'committed') return undefined;
        return this.#checkZombie('committed', call.asked[0]);
      case 'writeTransaction': {
        if (call.answer !== 'written') return undefined;
        const [{ producerId, producerEpoch }] = call.asked;
        return this.#checkInstance(Number(producerId), producerEpoch);
      }
      case 'commitTransaction': {
        if (call.answer.kind !== 'committed') return undefined;
        const [{ next, offsets }] = call.asked;
        for (const { groupId, memberId, ...partition } of offsets) {
          const problem = this.#checkZombie('committed', { groupId, memberId, partition });
          if (problem !== undefined) return problem;
        }
        return this.#checkInstance(Number(next.producerId), next.producerEpoch);
      }
      default:
        return undefined;
    }
  }

  /** Something of a transactional id took effect at this epoch. */
  #checkInstance(producerId: number, producerEpoch: number): string | undefined {
    const latest = this.#instances.get(producerId) ?? -1;
    this.#instances.set(producerId, Math.max(latest, producerEpoch));
    if (producerEpoch >= latest) return undefined;
    return `transactional producer ${producerId} did something at epoch ${producerEpoch}, after there was epoch ${latest}`;
  }

  /** Whoever was evicted or replaced, and whose partition was promised to somebody else since. */
  #checkZombie(
    what: string,
    asked: {
      readonly groupId: string;
      readonly memberId: string;
      readonly partition: { readonly topicId: string; readonly partition: number };
    },
  ): string | undefined {
    const { groupId, memberId, partition } = asked;
    const fence = this.#groups.members.get(`${groupId} ${memberId}`)?.fence;
    const told = this.#groups.told.get(groupPartition(groupId, partition));
    const isFenced = fence === 'expired' || fence === 'replaced';
    if (!isFenced || told === undefined || told.memberId === memberId) return undefined;
    return `${memberId} was ${fence}, and ${what} partition ${partition.partition} after it was given to ${told.memberId} at epoch ${told.epoch}`;
  }
}
