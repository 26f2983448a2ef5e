// What a producer was told is stored is where it was told to be, and every later read has it.

import type { LogModel, TopicLife } from '../log-model.ts';
import type { Acked, Invariant, Observation, Read, ReadFailed } from '../observation.ts';
import type { PartitionModel } from '../partition-model.ts';

export class Durable implements Invariant {
  readonly name = 'durable';
  readonly #log: LogModel;
  /** By partition: when the end of what was acknowledged was moved there. */
  readonly #ends = new Map<PartitionModel, { readonly tick: number; readonly end: number }[]>();
  /** When deletions were answered. */
  readonly #deletedTicks = new Map<string, number[]>();

  constructor(log: LogModel) {
    this.#log = log;
  }

  check(seen: Observation, tick: number): string | undefined {
    if (seen.kind === 'acked') return this.#checkAck(seen, tick);
    if (seen.kind === 'read') return this.#checkRead(seen, tick);
    if (seen.kind === 'read failed') return this.#checkFailed(seen, tick);
    if (seen.kind !== 'topic deleted') return undefined;
    const { topicName } = seen;
    this.#deletedTicks.set(topicName, [...(this.#deletedTicks.get(topicName) ?? []), tick]);
    return undefined;
  }

  #checkAck(ack: Acked, tick: number): string | undefined {
    const { topicName, partition, baseOffset, ids } = ack;
    const life = this.#log.lifeHolding(ack);
    if (life === undefined) {
      return `${ack.who} was told that ${ids.join(', ')} is at ${topicName}/${partition} offset ${baseOffset}, where it isn't`;
    }
    const model = this.#log.partition({ topicId: life.topicId, partition });
    const end = baseOffset + ids.length;
    model.ackedEnd = Math.max(model.ackedEnd, end);
    this.#ends.set(model, [...(this.#ends.get(model) ?? []), { tick, end }]);
    return this.#checkLife(ack, life);
  }

  /** The deletion was answered before the append was asked for. */
  #checkLife(ack: Acked, life: TopicLife): string | undefined {
    const { endsTick } = life;
    if (endsTick === undefined) return undefined;
    const answered = this.#deletedTicks.get(life.name) ?? [];
    if (!answered.some((tick) => endsTick < tick && tick < ack.askedTick)) return undefined;
    return `${ack.who} was told that ${ack.ids.join(', ')} is stored in ${life.name}, in a topic that had been deleted before`;
  }

  #checkRead(read: Read, tick: number): string | undefined {
    const { topicName, partition, highWatermark } = read;
    const end = this.#ackedBefore(read, tick);
    if (highWatermark >= end) return undefined;
    return `${read.who} read ${topicName}/${partition} up to ${highWatermark}, after records up to ${end} were acknowledged`;
  }

  #checkFailed(failed: ReadFailed, tick: number): string | undefined {
    const { topicName, partition, offset, code } = failed;
    const logStart = this.#log.partitionThrough(failed, tick)?.logStart ?? 0;
    const isThere = offset >= logStart && offset < this.#ackedBefore(failed, tick);
    if (code !== 'OFFSET_OUT_OF_RANGE' || !isThere) return undefined;
    return `${failed.who} was told that ${topicName}/${partition} has no offset ${offset}, which was acknowledged before`;
  }

  /** Up to where records were acknowledged when this was asked; 0 when the topic wasn't the same all the time. */
  #ackedBefore(asked: Read | ReadFailed, tick: number): number {
    const model = this.#log.partitionThrough(asked, tick);
    if (model === undefined) return 0;
    const known = (this.#ends.get(model) ?? []).filter((one) => one.tick <= asked.askedTick);
    return Math.max(0, ...known.map((one) => one.end));
  }
}
