// What invariants are checked against: requests that took effect, and what producers, readers, members and admins were
// told. `tick` counts observations, so that "before" and "after" mean something within one moment.

import type { ReadRecord } from './batches.ts';
import type { StorageCall } from './calls.ts';
import type { PlacedBatch } from './log-model.ts';
import type { PartitionModel } from './partition-model.ts';

/** An answer to somebody who asked at `askedTick`. */
interface Answered {
  readonly who: string;
  readonly askedTick: number;
}

/** A storage request took effect, or was refused by its condition. */
export interface CallSeen {
  readonly kind: 'call';
  readonly call: StorageCall;
  readonly sender: string;
}

/** What an append put into a log, by the request that did it. */
export interface Placed {
  readonly kind: 'placed';
  readonly partition: PartitionModel;
  readonly batches: readonly PlacedBatch[];
  /** The next offset, by the answer; undefined when the answer doesn't say it. */
  readonly answeredNext: number | undefined;
  /** Objects that the entries name and that are not there. */
  readonly missing: readonly string[];
}

/** All that one request put into logs, and the offsets of groups that it committed. */
export interface Together {
  readonly kind: 'together';
  readonly placed: readonly Placed[];
  readonly offsets: readonly CommittedOffset[];
}

export interface CommittedOffset {
  readonly groupId: string;
  readonly partition: { readonly topicId: string; readonly partition: number };
  readonly offset: number;
  readonly metadata: string;
}

/** What is to become visible at once, or never: a transaction, or a request with `atomic`. */
export interface Unit {
  readonly name: string;
  readonly who: string;
}

/** About to be asked for: these records belong to the unit. */
export interface UnitStages {
  readonly kind: 'unit stages';
  readonly unit: Unit;
  readonly ids: readonly string[];
}

/** What its producer was told is part of the unit. */
export interface UnitHolds {
  readonly kind: 'unit holds';
  readonly unit: Unit;
  readonly ids: readonly string[];
  readonly offsets: readonly UnitOffset[];
}

/** An offset in a transaction: its consumer has handled everything from `from` on, where it was to begin. */
export interface UnitOffset {
  readonly topicName: string;
  readonly partition: number;
  readonly from: number;
}

/** About to be asked for. */
export interface UnitEnds {
  readonly kind: 'unit ends';
  readonly unit: Unit;
  readonly outcome: 'committed' | 'aborted';
}

/** What its producer was told became of the unit. */
export interface UnitEnded {
  readonly kind: 'unit ended';
  readonly unit: Unit;
  readonly outcome: 'committed' | 'aborted';
}

/** An instance of a transactional producer was told its epoch. */
export interface Initialized {
  readonly kind: 'initialized';
  readonly who: string;
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** A producer was told that its records are stored, and where. */
export interface Acked extends Answered {
  readonly kind: 'acked';
  readonly topicName: string;
  readonly partition: number;
  readonly baseOffset: number;
  readonly ids: readonly string[];
  /** It asked for exactly this base offset. */
  readonly matchOffset?: number;
}

/** The one instance of an idempotent producer was refused though it did everything right. */
export interface SequenceRefused extends Answered {
  readonly kind: 'sequence refused';
  readonly topicName: string;
  readonly partition: number;
  readonly code: string;
}

export interface Read extends Answered {
  readonly kind: 'read';
  readonly topicName: string;
  readonly partition: number;
  readonly offset: number;
  readonly records: readonly ReadRecord[];
  readonly nextOffset: number;
  readonly highWatermark: number;
  readonly logStartOffset: number;
}

/** A read that failed, and not because of the weather. */
export interface ReadFailed extends Answered {
  readonly kind: 'read failed';
  readonly topicName: string;
  readonly partition: number;
  readonly offset: number;
  readonly code: string;
  readonly message: string;
}

/** A member began to use a partition, or stopped. */
export interface Used {
  readonly kind: 'used' | 'unused';
  readonly groupId: string;
  readonly memberId: string;
  readonly partition: string;
}

/** A member was told that its commit is in, or a later one of its own. */
export interface CommitHeard {
  readonly kind: 'commit heard';
  readonly groupId: string;
  readonly memberId: string;
  /** Of the topic that it claimed. */
  readonly partition: { readonly topicId: string; readonly partition: number };
  readonly counter: number;
}

export interface TopicDeleted extends Answered {
  readonly kind: 'topic deleted';
  readonly topicName: string;
}

/** An operation ended with something that isn't a failure of the world. */
export interface Crashed {
  readonly kind: 'bug';
  readonly who: string;
  readonly error: unknown;
}

/** A background job said that bytes are not what was stored. */
export interface Damaged {
  readonly kind: 'damaged';
  readonly what: string;
}

/** What ought to have come to rest in calm weather, and didn't. */
export interface Restless {
  readonly kind: 'restless';
  readonly what: string;
}

/** Requests that one operation took while nothing else went on. */
export interface Cost {
  readonly kind: 'cost';
  readonly operation: 'append' | 'fetch';
  readonly requests: Readonly<Record<string, number>>;
}

export type Observation =
  | CallSeen
  | Placed
  | Together
  | UnitStages
  | UnitHolds
  | UnitEnds
  | UnitEnded
  | Initialized
  | Acked
  | SequenceRefused
  | Read
  | ReadFailed
  | Used
  | CommitHeard
  | TopicDeleted
  | Crashed
  | Cost
  | Restless
  | Damaged;

/** One promise of the design, checked against everything that is seen. */
export interface Invariant {
  readonly name: string;
  /** What is wrong, in a sentence; undefined when nothing is. */
  check(seen: Observation, tick: number): string | undefined;
  /** When everything has come to rest. */
  atEnd?(): string | undefined;
}
