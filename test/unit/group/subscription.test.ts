import { describe, expect, it } from 'vitest';
import {
  parseSubscription,
  sameSubscription,
  topicMatcher,
} from '../../../lib/group/subscription.ts';

describe('parseSubscription', () => {
  it('sorts the topics and drops repetitions', () => {
    expect(parseSubscription({ topicNames: ['b', 'a', 'b'] })).toEqual({
      kind: 'parsed',
      subscription: { topicNames: ['a', 'b'] },
    });
  });

  it.each([
    [{}, 'INVALID_REQUEST'],
    [{ topicNames: [] }, 'INVALID_REQUEST'],
    [{ topicNames: Array.from({ length: 1_001 }, (_, index) => `t${index}`) }, 'INVALID_REQUEST'],
    [{ topicNames: ['a b'] }, 'INVALID_TOPIC_EXCEPTION'],
    [{ topicRegex: '(' }, 'INVALID_REGULAR_EXPRESSION'],
  ])('refuses %j with %s', (request, code) => {
    expect(parseSubscription(request)).toMatchObject({ kind: 'rejected', code });
  });
});

describe('topicMatcher', () => {
  it('matches names of the list and names that the whole expression matches', () => {
    const matches = topicMatcher({ topicNames: ['audit'], topicRegex: 'orders-.*' });
    expect(['audit', 'orders-eu', 'old-orders-eu', 'orders'].map(matches)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('sameSubscription', () => {
  it('tells topics and expressions apart', () => {
    const subscription = { topicNames: ['a', 'b'], topicRegex: 'c.*' };
    expect(sameSubscription(subscription, { ...subscription })).toBe(true);
    expect(sameSubscription(subscription, { ...subscription, topicNames: ['a'] })).toBe(false);
    expect(sameSubscription(subscription, { topicNames: ['a', 'b'] })).toBe(false);
    expect(sameSubscription(subscription, { ...subscription, topicNames: ['a', 'c'] })).toBe(false);
  });
});
