import { describe, expect, it } from 'vitest';
import {
  deadLetterOf,
  judgeFailure,
  redriveOf,
} from '../../../../lib/client/consumer/failure-policy.ts';
import type { KafkaMessage } from '../../../../lib/client/types.ts';

const message: KafkaMessage = {
  key: Buffer.from('order-1'),
  value: Buffer.from('{'),
  timestamp: '1700000000000',
  attributes: 0,
  offset: '42',
  headers: { trace: Buffer.from('abc') },
};

describe('judgeFailure', () => {
  it('tries again with growing pauses while tries are left', () => {
    const policy = { retry: { retries: 2, initialRetryTime: 100, factor: 0 } };
    const verdicts = [1, 2, 3].map((attempts) =>
      judgeFailure(policy, { topic: 'orders', attempts, chance: 0.5 }),
    );
    expect(verdicts).toEqual([
      { kind: 'again', waitMs: 100 },
      { kind: 'again', waitMs: 200 },
      { kind: 'stop' },
    ]);
  });

  it('names the dead-letter topic after the topic unless told otherwise', () => {
    const last = { topic: 'orders', attempts: 1, chance: 0 };
    const policy = { retry: { retries: 0 }, afterRetries: 'dead-letter' } as const;
    expect(judgeFailure(policy, last)).toEqual({
      kind: 'dead-letter',
      deadLetterTopic: 'orders.dlq',
    });
    expect(judgeFailure({ ...policy, deadLetterTopic: 'graveyard' }, last)).toMatchObject({
      deadLetterTopic: 'graveyard',
    });
  });
});

describe('deadLetterOf and redriveOf', () => {
  const letter = deadLetterOf({
    topic: 'orders',
    partition: 3,
    groupId: 'billing',
    message,
    error: new SyntaxError('unexpected end'),
    attempts: 6,
  });
  const received: KafkaMessage = {
    ...message,
    offset: '0',
    headers: Object.fromEntries(
      Object.entries(letter.headers ?? {}).map(([name, value]) => [
        name,
        Buffer.from(value as string),
      ]),
    ),
  };

  it('keep key, value, time and headers, and say what went wrong where', () => {
    expect(letter).toEqual({
      key: message.key,
      value: message.value,
      timestamp: message.timestamp,
      headers: {
        trace: Buffer.from('abc'),
        '__dlq.errors.topic': 'orders',
        '__dlq.errors.partition': '3',
        '__dlq.errors.offset': '42',
        '__dlq.errors.timestamp': '1700000000000',
        '__dlq.errors.group': 'billing',
        '__dlq.errors.delivery.count': '6',
        '__dlq.errors.message': 'unexpected end',
        '__dlq.errors.class': 'SyntaxError',
      },
    });
  });

  it('send the record back as it was, with the number of its returns', () => {
    expect(redriveOf(received, 3)).toEqual({
      kind: 'send',
      topic: 'orders',
      message: {
        key: message.key,
        value: message.value,
        timestamp: message.timestamp,
        headers: { trace: Buffer.from('abc'), '__dlq.redrives': '1' },
      },
    });
  });

  it('refuse what came back too often, and what is no dead letter', () => {
    const worn = {
      ...received,
      headers: { ...received.headers, '__dlq.redrives': Buffer.from('3') },
    };
    expect(redriveOf(worn, 3)).toEqual({ kind: 'refused', reason: 'it came back 3 times already' });
    expect(redriveOf(message, 3)).toMatchObject({ kind: 'refused' });
  });
});
