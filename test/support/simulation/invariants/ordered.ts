// Records of one producer to one partition are in the order in which it sent them; a batch is whole and in one piece.

import type { LogModel, PlacedBatch } from '../log-model.ts';
import type { Acked, Invariant, Observation } from '../observation.ts';
import type { PartitionModel } from '../partition-model.ts';

const SEQUENCES = 2 ** 31;
/** Ids of transactional producers begin here. */
const TRANSACTIONAL = 2 ** 52;

export class Ordered implements Invariant {
  readonly name = 'ordered';
  readonly #log: LogModel;
  /** By producer and partition: the base offset of what it was last told of. */
  readonly #lastAcked = new Map<string, number>();
  /** By producer and partition: what its next batch begins with. */
  readonly #nextSequence = new Map<string, { readonly epoch: number; readonly next: number }>();

  constructor(log: LogModel) {
    this.#log = log;
  }

  check(seen: Observation): string | undefined {
    switch (seen.kind) {
      case 'acked':
        return this.#checkAck(seen);
      case 'placed': {
        for (const batch of seen.batches) {
          const problem = this.#checkSequence(seen.partition, batch);
          if (problem !== undefined) return problem;
        }
        return undefined;
      }
      case 'sequence refused':
        return `${seen.who} sends one batch after the other to ${seen.topicName}/${seen.partition} and was refused with ${seen.code}`;
      default:
        return undefined;
    }
  }

  #checkAck(ack: Acked): string | undefined {
    const { who, ids, baseOffset, topicName, partition } = ack;
    const name = `${who} ${this.#log.lifeHolding(ack)?.topicId}/${partition}`;
    const before = this.#lastAcked.get(name) ?? -1;
    this.#lastAcked.set(name, baseOffset);
    if (baseOffset > before) return undefined;
    return `${who} sent ${ids[0]} to ${topicName}/${partition} after what is at ${before}, and it is at ${baseOffset}`;
  }

  #checkSequence(partition: PartitionModel, batch: PlacedBatch): string | undefined {
    const { sequence, ids } = batch;
    if (sequence === undefined) return undefined;
    const { producerId, producerEpoch: epoch, baseSequence } = sequence;
    const name = `${producerId} ${partition.topicId}/${partition.partition}`;
    const before = this.#nextSequence.get(name);
    const expected = before?.epoch === epoch ? before.next : 0;
    this.#nextSequence.set(name, { epoch, next: (baseSequence + ids.length) % SEQUENCES });
    if (producerId >= TRANSACTIONAL) {
      // What was aborted has left a gap, and nothing is ever put twice.
      if (before === undefined || epoch !== before.epoch || baseSequence >= expected)
        return undefined;
      return `sequence ${baseSequence} of transactional producer ${producerId} was put into ${partition.name} after ${expected - 1}`;
    }
    // An older epoch, and what is there already, are others' affair.
    if (before !== undefined && (epoch < before.epoch || baseSequence < expected)) return undefined;
    if (baseSequence === expected) return undefined;
    return `sequence ${baseSequence} of producer ${producerId} was put into ${partition.name} where ${expected} is next`;
  }
}
