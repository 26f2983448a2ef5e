// Topics by name. One method is one storage request; reads are strongly consistent. Failures as in partition-store.

import type { Topic } from '../log/topic.ts';

/** What is left of a deleted topic until its objects and index items are gone. */
export interface DeletedTopic {
  readonly topicId: string;
  readonly name: string;
  readonly partitionCount: number;
  readonly deletedAtMs: number;
}

export interface TopicStore {
  getTopic(name: string): Promise<Topic | undefined>;

  /** A page of topics (any state) in no particular order; `next` goes into the next call, undefined at the end. */
  listTopics(request: {
    readonly after?: string;
    readonly limit: number;
  }): Promise<{ readonly topics: readonly Topic[]; readonly next?: string }>;

  /** Puts a topic on the condition that its name is free. `dead`: its id has a tombstone; a put that came late. */
  createTopic(topic: Topic): Promise<'created' | 'exists' | 'dead'>;

  /** Replaces a topic on the condition that its stored topicId and version are those given. */
  updateTopic(
    topic: Topic,
    expected: { readonly topicId: string; readonly version: number },
  ): Promise<'updated' | 'changed'>;

  /**
   * Puts the tombstone, on the condition that the name has no active topic of this id: from then on neither the topic
   * nor any head of it can be put, however late. `alive`: it has; nothing changed.
   */
  buryTopic(deleted: DeletedTopic): Promise<'buried' | 'alive'>;

  /** Frees the name and puts the tombstone, both or none, on the condition that the name still has this topicId. */
  releaseTopic(deleted: DeletedTopic): Promise<'released' | 'changed'>;
}
