// Heads and the index: what order lives in. One method is one storage request, so that a test can stop between any
// two of them. Every read is strongly consistent.
//
// Failures are StratalogError: THROTTLED or STORAGE_UNAVAILABLE with effect `none` when the request surely changed
// nothing, REQUEST_TIMED_OUT or STORAGE_UNAVAILABLE with effect `unknown` when it may have taken effect or may yet.
// No method retries by itself.

import type { PartitionKey } from '../log/keys.ts';
import type { Head, Page, TailEntry } from '../log/partition.ts';
import type { ExpectedProducer } from '../log/sequence.ts';
import type { ProducerStateStore } from './producer-state-store.ts';

/** The producer's state that an idempotent append demands of the head, and what it becomes. */
export interface ProducerCondition {
  readonly producerId: bigint;
  /**
   * `state`: producers.<pid> is exactly this epoch and last sequence.
   * `absent`: producers.<pid> isn't there, `evictions` is still what it was before the stored state was read, and the
   * head has fewer than PRODUCERS_PER_HEAD_CAP producers.
   */
  readonly expected: ExpectedProducer;
  /** Becomes the producer's state; its `lastOffset` becomes the offset this append gets. */
  readonly next: { readonly producerEpoch: number; readonly lastSequence: number };
}

export interface AppendToHeadRequest {
  readonly partition: PartitionKey;
  /** At least one; appended to the tail in this order. All lie in the WAL object `objectId`. */
  readonly entries: readonly TailEntry[];
  readonly objectId: string;
  /** Append only if this is the next offset. */
  readonly matchOffset?: bigint;
  readonly producer?: ProducerCondition;
  /**
   * Set where a hold is heeded, which transactions don't: append only if the head isn't held at this moment, milliseconds
   * since 1970.
   */
  readonly unlessHeldAtMs?: number;
}

/**
 * `appended`: the head after it; the records are the last ones below its `nextOffset`.
 * `refused`: a condition failed and nothing changed; `head` is what stands (undefined: there is no such head), and
 * `heldUntilMs` is set where a hold that was to be heeded may have been why.
 */
export type AppendToHeadOutcome =
  | { readonly kind: 'appended'; readonly head: Head }
  | {
      readonly kind: 'refused';
      readonly head: Head | undefined;
      readonly heldUntilMs?: number | undefined;
    };

export interface TrimTailRequest {
  readonly partition: PartitionKey;
  /** The condition: `tailBase` is still this. */
  readonly tailBase: bigint;
  /** The page that holds what is removed: its entries are the tail's first ones. */
  readonly page: Page;
}

export interface PartitionStore extends ProducerStateStore {
  /** The global floor that new heads start at; the smallest ULID (26 zeros) when it was never raised. */
  readFloor(): Promise<string>;

  /**
   * Puts empty heads (at most HEADS_PER_TRANSACTION_MAX), all or none, on the condition that the global floor is
   * still `floor`, that the topic has no tombstone, and that none of them exists. `floor-moved`: nothing was put; read
   * the floor again. `dead`: the topic was deleted.
   */
  createHeads(request: {
    readonly topicId: string;
    readonly partitions: readonly number[];
    readonly floor: string;
  }): Promise<'created' | 'floor-moved' | 'exists' | 'dead'>;

  /** Removes heads (at most HEADS_PER_DELETE_MAX); those that aren't there are fine. From then on appends are refused. */
  deleteHeads(request: {
    readonly topicId: string;
    readonly partitions: readonly number[];
  }): Promise<void>;

  /**
   * The commit point of an append: adds the entries to the tail and their record counts to `next`, in one conditional
   * write. Conditions: the head exists; `objectId` ≥ `floor`; the tail has fewer than TAIL_ENTRIES_CAP entries;
   * `matchOffset`, `producer` and `unlessHeldAtMs` as given.
   */
  appendToHead(request: AppendToHeadRequest): Promise<AppendToHeadOutcome>;

  /**
   * Appends to several heads, all or none, in one transaction: each on the conditions of `appendToHead`, holds apart. 1 to
   * TRANSACTION_ITEMS_MAX heads, each once. `refused`: by position, what stands where a condition failed. A transaction
   * that met another write is THROTTLED with effect `none`.
   */
  appendToHeads(
    appends: readonly AppendToHeadRequest[],
  ): Promise<
    | { readonly kind: 'appended' }
    | { readonly kind: 'refused'; readonly heads: ReadonlyMap<number, Head | undefined> }
  >;

  /**
   * Asks appends that heed it to stay away from a head until then (milliseconds since 1970), at most HEAD_HOLD_MS ahead;
   * a transaction that appends to the head ends the hold. Nothing but fairness depends on it. A head that isn't there is
   * fine.
   */
  holdHead(partition: PartitionKey, untilMs: number): Promise<void>;

  /** Heads in the order asked, at most HEADS_PER_READ_MAX; undefined where there is none. */
  readHeads(partitions: readonly PartitionKey[]): Promise<readonly (Head | undefined)[]>;

  /** Puts a page unless one with its base offset is there; then that one is returned. */
  putPage(
    partition: PartitionKey,
    page: Page,
  ): Promise<{ readonly kind: 'stored' } | { readonly kind: 'exists'; readonly page: Page }>;

  /**
   * Removes the page's entries from the front of the tail and moves `tailBase` to the page's end, on the condition
   * that `tailBase` is still `request.tailBase`. `moved`: somebody else did; nothing changed.
   */
  trimTail(request: TrimTailRequest): Promise<'trimmed' | 'moved'>;

  /** Pages with base offset ≤ `offset`, newest first, at most `limit`. */
  findPages(
    partition: PartitionKey,
    query: { readonly offset: bigint; readonly limit: number },
  ): Promise<readonly Page[]>;

  /**
   * Raises `logStartOffset` to `offset`, only upward and at most to `next`. `refused`: the head that stands, or
   * undefined when there is none.
   */
  raiseLogStart(
    partition: PartitionKey,
    offset: bigint,
  ): Promise<
    | { readonly kind: 'raised'; readonly head: Head }
    | { readonly kind: 'refused'; readonly head: Head | undefined }
  >;
}
