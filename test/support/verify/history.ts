// What the processes of a verification saw, as the judge takes it: what was asked of the log, when, and what it answered.
// Times are microseconds of this machine's monotonic clock, which all processes share. `answered` is missing where the
// process was killed before the answer, or the answer never came: then nobody knows what became of the request.

/** What is known of a request: it took effect, it surely had none, or nobody knows. */
export type Outcome = 'done' | 'refused' | 'unknown';

/** Consecutive numbers of one writer, for one partition. */
export interface Numbers {
  /** `topic/partition`. */
  readonly place: string;
  readonly first: number;
  readonly count: number;
}

/** One send of a producer without transactions. */
export interface Send extends Numbers {
  readonly writer: string;
  readonly outcome: Outcome;
  /** Of the first record; undefined where it isn't known. */
  readonly baseOffset?: number | undefined;
}

export interface CommitAttempt {
  readonly askedAtUs: number;
  readonly outcome: Outcome;
}

export interface SentTransaction {
  readonly name: string;
  readonly writer: string;
  readonly transactionalId: string;
  /** Which instance of the transactional id it was. */
  readonly instance: Instance | undefined;
  readonly parts: readonly Numbers[];
  /** In order; none: its commit was never asked for. */
  readonly commits: readonly CommitAttempt[];
  /** What its producer was told in the end. */
  readonly told: 'committed' | 'aborted' | 'refused' | 'unknown';
}

/** Later ones fence earlier ones. */
export interface Instance {
  readonly producerId: number;
  readonly producerEpoch: number;
}

export interface Initialized extends Instance {
  readonly transactionalId: string;
  readonly answeredAtUs: number;
}

/** A member takes partitions of a group over, or commits offsets of them. */
interface GroupCall {
  readonly group: string;
  readonly member: string;
  readonly place: string;
  readonly askedAtUs: number;
  readonly answeredAtUs: number | undefined;
  readonly outcome: Outcome;
}

export interface Claim extends GroupCall {
  /** What the log said is committed; null: nothing. */
  readonly offset: number | null;
}

export interface OffsetCommit extends GroupCall {
  readonly offset: number;
}

/** Offsets from `first` to `next`, not included, were handed to a member of the group. */
export interface Handled {
  readonly group: string;
  readonly place: string;
  readonly first: number;
  readonly next: number;
}

/** What somebody read who knows nothing of groups; every round reads all partitions to their ends. */
export interface Reading {
  readonly reader: string;
  readonly round: number;
  readonly place: string;
  readonly baseOffset: number;
  readonly records: readonly string[];
}

export interface History {
  readonly sends: readonly Send[];
  readonly transactions: readonly SentTransaction[];
  readonly initialized: readonly Initialized[];
  readonly claims: readonly Claim[];
  readonly commits: readonly OffsetCommit[];
  readonly handled: readonly Handled[];
  readonly readings: readonly Reading[];
}

/** A record as it lies in the log when all is over. */
export interface StoredRecord {
  readonly offset: number;
  /** `writer:number`. */
  readonly id: string;
}

/** By `topic/partition`, in the order of the log. */
export type StoredLog = ReadonlyMap<string, readonly StoredRecord[]>;

/** A pipeline that copies a topic, record by record, exactly once. */
export interface Pipeline {
  readonly inputTopic: string;
  readonly outputTopic: string;
  /** What its group has committed in the end, by partition of the input. */
  readonly committed: ReadonlyMap<string, number>;
}

export function recordId(writer: string, number: number): string {
  return `${writer}:${number}`;
}

/** The writer that a pipeline's output names for a record of this partition; its number is the offset. */
export function pipelineWriter(inputPlace: string): string {
  return `copy-of-${inputPlace}`;
}

export function topicOf(place: string): string {
  return place.slice(0, place.lastIndexOf('/'));
}
