import { describe, expect, it } from 'vitest';
import {
  type Assignor,
  assignorOf,
  failurePolicyOf,
  PartitionAssigners,
  Subscriptions,
} from '../../../../lib/client/consumer/consumer-config.ts';

describe('Subscriptions', () => {
  it('asks the group for what its patterns match anywhere', () => {
    const subscriptions = new Subscriptions();
    subscriptions.add('orders', true);
    subscriptions.add(/^pay/, false);
    subscriptions.add(/ship/g, true);
    expect(subscriptions.wanted).toEqual({
      names: ['orders'],
      regex: '.*(?:^pay).*|.*(?:ship).*',
    });
    const asked = ['orders', 'payments', 'shipped', 'shipped', 'shipped'];
    expect(asked.map((topic) => subscriptions.fallback(topic))).toEqual([
      'earliest',
      'latest',
      'earliest',
      'earliest',
      'earliest',
    ]);
  });

  it('refuses flags that the group would not heed', () => {
    expect(() => new Subscriptions().add(/orders/i, true)).toThrow(/no flag "i"/);
  });
});

describe('assignorOf', () => {
  it('takes the first of kafkajs’s list, and its own name before it', () => {
    const groupId = 'g';
    expect(assignorOf({ groupId })).toBe('uniform');
    const partitionAssigners = [PartitionAssigners.roundRobin, PartitionAssigners.range];
    expect(assignorOf({ groupId, partitionAssigners })).toBe('roundrobin');
    expect(assignorOf({ groupId, partitionAssigners, assignor: 'range' })).toBe('range');
  });

  it('refuses a function', () => {
    const custom = (() => undefined) as unknown as Assignor;
    expect(() => assignorOf({ groupId: 'g', partitionAssigners: [custom] })).toThrow(
      /not a function/,
    );
  });
});

describe('failurePolicyOf', () => {
  it('tries as often as kafkajs’s retry says, unless the policy says otherwise', () => {
    const retry = { retries: 2, initialRetryTime: 7 };
    expect(failurePolicyOf({ groupId: 'g', retry })).toEqual({ retry });
    const failurePolicy = { afterRetries: 'skip', retry: { retries: 9 } } as const;
    expect(failurePolicyOf({ groupId: 'g', retry, failurePolicy })).toEqual({
      afterRetries: 'skip',
      retry: { retries: 9, initialRetryTime: 7 },
    });
  });
});
