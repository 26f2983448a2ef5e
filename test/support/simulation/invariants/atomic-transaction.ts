// What belongs together, a transaction's records in all partitions with its group offsets, or an atomic request's
// records, becomes visible by one write, or never: never before its commit was asked for, never in part, never after it
// was aborted. Exactly once: what a transaction says it has handled begins where the one before it ended.

import { type GroupModel, groupPartition } from '../group-model.ts';
import type { LogModel } from '../log-model.ts';
import type {
  CommittedOffset,
  Invariant,
  Observation,
  Placed,
  Read,
  Together,
  Unit,
  UnitEnded,
  UnitHolds,
  UnitOffset,
} from '../observation.ts';
import type { PartitionModel } from '../partition-model.ts';

interface UnitState {
  readonly unit: Unit;
  /** What its producer was told is in it. */
  readonly ids: Set<string>;
  /** By topic and partition. */
  readonly offsets: Map<string, UnitOffset>;
  isCommitAsked: boolean;
  isAborted: boolean;
  isVisible: boolean;
  /** Where it ends, in each partition. */
  readonly ends: Map<PartitionModel, number>;
  /** Some reader has been told of a record of it. */
  isSeen: boolean;
}

export class AtomicTransaction implements Invariant {
  readonly name = 'atomic-transaction';
  readonly #log: LogModel;
  readonly #groups: GroupModel;
  /** By name. */
  readonly #units = new Map<string, UnitState>();
  /** By record. */
  readonly #unitOf = new Map<string, UnitState>();
  /** By partition: since when a reader must see it up to where. */
  readonly #mustShow = new Map<PartitionModel, { readonly tick: number; readonly end: number }[]>();

  constructor(log: LogModel, groups: GroupModel) {
    this.#log = log;
    this.#groups = groups;
  }

  check(seen: Observation, tick: number): string | undefined {
    switch (seen.kind) {
      case 'unit stages':
        for (const id of seen.ids) this.#unitOf.set(id, this.#state(seen.unit));
        return undefined;
      case 'unit holds':
        this.#hold(seen);
        return undefined;
      case 'unit ends':
        if (seen.outcome === 'committed') this.#state(seen.unit).isCommitAsked = true;
        return undefined;
      case 'unit ended':
        return this.#checkEnded(seen);
      case 'together':
        return this.#checkTogether(seen);
      case 'read':
        return this.#checkRead(seen, tick);
      default:
        return undefined;
    }
  }

  #state(unit: Unit): UnitState {
    const known = this.#units.get(unit.name);
    if (known !== undefined) return known;
    const flags = { isCommitAsked: false, isAborted: false, isVisible: false, isSeen: false };
    const made = { unit, ids: new Set<string>(), offsets: new Map(), ends: new Map(), ...flags };
    this.#units.set(unit.name, made);
    return made;
  }

  #hold({ unit, ids, offsets }: UnitHolds): void {
    const state = this.#state(unit);
    for (const id of ids) state.ids.add(id);
    for (const one of offsets) state.offsets.set(placeName(one), one);
  }

  #checkEnded({ unit, outcome }: UnitEnded): string | undefined {
    const state = this.#state(unit);
    const isEmpty = state.ids.size + state.offsets.size === 0;
    if (outcome === 'aborted') {
      state.isAborted = true;
      return state.isVisible
        ? `${unit.who} was told that ${unit.name} is aborted, and it is visible`
        : undefined;
    }
    if (state.isVisible || isEmpty) return undefined;
    return `${unit.who} was told that ${unit.name} is committed, and nothing of it is visible`;
  }

  #checkTogether({ placed, offsets }: Together): string | undefined {
    const ids = this.#placedByUnit(placed);
    const touched = new Set(ids.keys());
    for (const { metadata } of offsets) {
      const state = this.#units.get(metadata);
      if (state !== undefined) touched.add(state);
    }
    for (const state of touched) {
      const own = offsets.filter(({ metadata }) => metadata === state.unit.name);
      const problem = this.#checkVisible(state, ids.get(state) ?? new Set(), own);
      if (problem !== undefined) return problem;
      state.isVisible = true;
    }
    return undefined;
  }

  #placedByUnit(placed: readonly Placed[]): ReadonlyMap<UnitState, ReadonlySet<string>> {
    const byUnit = new Map<UnitState, Set<string>>();
    for (const { partition, batches } of placed) {
      for (const { baseOffset, ids } of batches) {
        const state = this.#unitOf.get(ids[0] ?? '');
        if (state === undefined) continue;
        byUnit.set(state, new Set([...(byUnit.get(state) ?? []), ...ids]));
        state.ends.set(partition, baseOffset + ids.length);
      }
    }
    return byUnit;
  }

  #checkVisible(
    { unit, ids, offsets, isCommitAsked, isAborted }: UnitState,
    placed: ReadonlySet<string>,
    committed: readonly CommittedOffset[],
  ): string | undefined {
    if (isAborted)
      return `${unit.name} became visible after ${unit.who} was told that it is aborted`;
    if (!isCommitAsked)
      return `${unit.name} became visible before ${unit.who} asked for its commit`;
    const missing = [...ids].find((id) => !placed.has(id));
    if (missing !== undefined) return `${unit.name} became visible without its record ${missing}`;
    const names = new Map(committed.map((one) => [this.#nameOf(one), one]));
    for (const [name, { from }] of offsets) {
      const one = names.get(name);
      if (one === undefined) return `${unit.name} became visible without its offset of ${name}`;
      const stands = this.#groups.offsets.get(groupPartition(one.groupId, one.partition));
      const before = stands?.committed ?? 0;
      // A server may still know a topic of that name that is gone, and commit for that one.
      const isReborn =
        this.#log.lives.filter((life) => name.startsWith(`${life.name}/`)).length > 1;
      if (before !== from && !isReborn) {
        return `${unit.name} has handled ${name} from ${from} on, where ${before} was committed before it`;
      }
    }
    return undefined;
  }

  #nameOf({ partition: { topicId, partition } }: CommittedOffset): string {
    const life = this.#log.lives.find((one) => one.topicId === topicId);
    return placeName({ topicName: life?.name ?? topicId, partition });
  }

  #checkRead(read: Read, tick: number): string | undefined {
    for (const { id, offset } of read.records) {
      const state = this.#unitOf.get(id);
      if (state === undefined) continue;
      const { unit, isAborted, isVisible } = state;
      if (!isVisible) {
        const what = isAborted ? 'aborted' : 'not committed';
        return `${read.who} read ${id} at offset ${offset} of ${placeName(read)}; ${unit.name} is ${what}`;
      }
      if (!state.isSeen) this.#see(state, tick);
    }
    return this.#checkShown(read, tick);
  }

  /** From now on no reader may be told that something of it isn't there. */
  #see(state: UnitState, tick: number): void {
    state.isSeen = true;
    for (const [partition, end] of state.ends) {
      const known = this.#mustShow.get(partition) ?? [];
      known.push({ tick, end });
      this.#mustShow.set(partition, known);
    }
  }

  #checkShown(read: Read, tick: number): string | undefined {
    const model = this.#log.partitionThrough(read, tick);
    const hidden = (model === undefined ? undefined : this.#mustShow.get(model))?.find(
      (one) => one.tick <= read.askedTick && one.end > read.highWatermark,
    );
    if (hidden === undefined) return undefined;
    return `${read.who} read ${placeName(read)} up to ${read.highWatermark}, after records of a transaction that reaches to ${hidden.end} there were read elsewhere`;
  }
}

function placeName({
  topicName,
  partition,
}: {
  readonly topicName: string;
  readonly partition: number;
}): string {
  return `${topicName}/${partition}`;
}
