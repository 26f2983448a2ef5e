// A topic as it is stored. Its configuration holds only what was set; the rest are Kafka's defaults.

export type TopicState = 'active' | 'deleting';

export interface Topic {
  readonly name: string;
  /** New at every creation, so that a re-created topic shares nothing with its forerunner. */
  readonly topicId: string;
  readonly state: TopicState;
  readonly partitionCount: number;
  /** Only what was set, by Kafka's names; see topic-config for the defaults. */
  readonly configs: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
  /** Raised by every change; updates are conditional on it. */
  readonly version: number;
}
