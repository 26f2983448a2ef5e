// Bugs of what changes topics.

import { TOPIC_ID_BYTES } from '../../../../lib/ids.ts';
import type { PlantedBug } from './planted-bug.ts';

export const headsOutliveTopic: PlantedBug = {
  name: 'heads-outlive-topic',
  story:
    'a deleted topic keeps its heads, so that a writer with stale metadata is told that its records are stored',
  breaks: ['durable'],
  below: (storage) => ({
    ...storage,
    partitions: { ...storage.partitions, deleteHeads: async () => undefined },
  }),
};

export const topicIdReused: PlantedBug = {
  name: 'topic-id-reused',
  story: 'a topic that is created again has the id of the one before it',
  breaks: [
    'dense',
    'durable',
    'ordered',
    'no-double-append',
    'no-loss-by-cleanup',
    'sound',
    'visible-once-complete',
  ],
  random: (dice) =>
    Object.assign(Object.create(dice), {
      randomBytes: (count: number) =>
        count === TOPIC_ID_BYTES ? new Uint8Array(count) : dice.randomBytes(count),
    }),
};

export const itemBeforeHeads: PlantedBug = {
  name: 'partitions-before-heads',
  story: 'a topic says that it has more partitions before their heads are there',
  breaks: ['visible-once-complete'],
  above(ports) {
    let owed: Parameters<typeof ports.partitions.createHeads>[0] | undefined;
    return {
      ...ports,
      partitions: {
        ...ports.partitions,
        async createHeads(request) {
          if (request.partitions.includes(0)) return ports.partitions.createHeads(request);
          owed = request;
          return 'created';
        },
      },
      topics: {
        ...ports.topics,
        async updateTopic(topic, expected) {
          const outcome = await ports.topics.updateTopic(topic, expected);
          if (owed !== undefined) await ports.partitions.createHeads(owed);
          owed = undefined;
          return outcome;
        },
      },
    };
  },
};

export const noTombstone: PlantedBug = {
  name: 'no-tombstone',
  story:
    'a deleted topic leaves no tombstone, so that a late request of its creator brings its heads or itself back',
  breaks: ['durable', 'converges', 'visible-once-complete', 'sound', 'dense', 'ordered'],
  below: (storage) => ({
    ...storage,
    topics: {
      ...storage.topics,
      buryTopic: async () => 'buried',
      async releaseTopic(deleted) {
        const outcome = await storage.topics.releaseTopic(deleted);
        if (outcome === 'released') await storage.cleanup.forgetDeletedTopic(deleted.topicId);
        return outcome;
      },
    },
  }),
};
