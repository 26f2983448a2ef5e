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
  /** The next offset, by the answer. */
  readonly answeredNext: number;
  /** Objects that the entries name and that are not there. */
  readonly missing: readonly string[];
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
  | Acked
  | SequenceRefused
  | Read
  | ReadFailed
  | Used
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
