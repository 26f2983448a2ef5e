// What garbage collection keeps and asks beside the index: the global floor with the passes that wait, all heads, and
// what is left of deleted topics. One method is one storage request; reads are strongly consistent. Failures as in
// partition-store.

import type { GarbagePass, GarbageState } from '../log/garbage.ts';
import type { PartitionKey } from '../log/keys.ts';
import type { Head } from '../log/partition.ts';
import type { DeletedTopic } from './topic-store.ts';

export interface ScannedHead {
  readonly partition: PartitionKey;
  readonly head: Head;
}

export interface CleanupStore {
  /** `storageNowMs`: a moment that the storage's clock had surely passed, so that no machine's clock raises a floor. */
  readGarbageState(): Promise<GarbageState & { readonly storageNowMs: number }>;

  /** Raises the global floor, only upward. From then on no head can be created that lies below. */
  raiseFloor(floor: string): Promise<'raised' | 'refused'>;

  /** Remembers these passes instead of those that were read, on the condition that nobody changed them. */
  replacePasses(change: {
    readonly from: readonly GarbagePass[];
    readonly to: readonly GarbagePass[];
  }): Promise<'replaced' | 'changed'>;

  /** Heads in no particular order, at most `limit`; `next` goes into the next call, undefined at the end. */
  scanHeads(request: {
    readonly after?: string;
    readonly limit: number;
  }): Promise<{ readonly heads: readonly ScannedHead[]; readonly next?: string }>;

  /** Raises a head's floor, only upward and only where the head exists. */
  raiseHeadFloor(partition: PartitionKey, floor: string): Promise<'raised' | 'refused'>;

  /** Deleted topics in no particular order; `next` as above. */
  listDeletedTopics(request: {
    readonly after?: string;
    readonly limit: number;
  }): Promise<{ readonly topics: readonly DeletedTopic[]; readonly next?: string }>;

  /** Says that something is left of a topic that nobody knows any more. */
  putDeletedTopic(topic: DeletedTopic): Promise<void>;

  /** Nothing is left of it. */
  forgetDeletedTopic(topicId: string): Promise<void>;
}
