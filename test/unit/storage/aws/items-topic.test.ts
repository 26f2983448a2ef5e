import { describe, expect, it } from 'vitest';
import { topicNameProblem } from '../../../../lib/ids.ts';
import type { Topic } from '../../../../lib/log/topic.ts';
import type { DeletedTopic } from '../../../../lib/ports/topic-store.ts';
import {
  decodeDeletedTopic,
  decodeTopic,
  encodeDeletedTopic,
  encodeTopic,
} from '../../../../lib/storage/aws/items-topic.ts';

const TOPIC: Topic = {
  name: 'orders',
  topicId: 'hjFfPL8xSwuJqPDSlNYsVg',
  state: 'deleting',
  partitionCount: 3,
  configs: { 'retention.ms': '1000' },
  createdAtMs: 1_800_000_000_000,
  version: 4,
};
const DELETED: DeletedTopic = {
  topicId: 'hjFfPL8xSwuJqPDSlNYsVg',
  name: 'orders',
  partitionCount: 3,
  deletedAtMs: 1_800_000_000_001,
};

describe('encodeTopic', () => {
  it('writes one attribute a field', () => {
    expect(encodeTopic(TOPIC)).toEqual({
      topic: { S: 'orders' },
      topicId: { S: 'hjFfPL8xSwuJqPDSlNYsVg' },
      state: { S: 'deleting' },
      partitions: { N: '3' },
      configs: { M: { 'retention.ms': { S: '1000' } } },
      createdAt: { N: '1800000000000' },
      version: { N: '4' },
    });
  });
});

describe('decodeTopic', () => {
  it('reads back every field', () => {
    expect(decodeTopic(encodeTopic(TOPIC))).toEqual(TOPIC);
  });

  it('refuses a state that it does not know', () => {
    expect(() => decodeTopic({ ...encodeTopic(TOPIC), state: { S: 'paused' } })).toThrow('paused');
  });
});

describe('encodeDeletedTopic', () => {
  it('stands under a key that no topic can have', () => {
    const item = encodeDeletedTopic(DELETED);
    expect(item).toEqual({
      topic: { S: '#deleted/hjFfPL8xSwuJqPDSlNYsVg' },
      name: { S: 'orders' },
      partitions: { N: '3' },
      deletedAt: { N: '1800000000001' },
    });
    expect(topicNameProblem(item.topic?.S ?? '')).toBeDefined();
  });
});

describe('decodeDeletedTopic', () => {
  it('reads back every field', () => {
    expect(decodeDeletedTopic(encodeDeletedTopic(DELETED))).toEqual(DELETED);
  });

  it('refuses a topic', () => {
    expect(() => decodeDeletedTopic(encodeTopic(TOPIC))).toThrow("a deleted topic's key");
  });
});
