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
    const names = ['audit', 'orders-eu', 'old-orders-eu', 'orders'];
    expect(names.map((name) => matches({ name }))).toEqual([true, true, false, false]);
  });

  it('does not let an expression match what is hidden from whose it is; names are theirs', () => {
    const subscription = { topicNames: ['audit'], topicRegex: '.*', principal: 'User:alice' };
    const matches = topicMatcher(subscription);
    const hiddenFrom = new Set(['User:alice']);
    expect(matches({ name: 'orders' })).toBe(true);
    expect(matches({ name: 'orders', hiddenFrom: new Set(['User:bob']) })).toBe(true);
    expect(matches({ name: 'orders', hiddenFrom })).toBe(false);
    expect(matches({ name: 'audit', hiddenFrom })).toBe(true);
    expect(topicMatcher({ topicNames: [], topicRegex: '.*' })({ name: 'orders', hiddenFrom })).toBe(
      true,
    );
  });
});

describe('sameSubscription', () => {
  it('tells topics and expressions apart', () => {
    const subscription = { topicNames: ['a', 'b'], topicRegex: 'c.*' };
    expect(sameSubscription(subscription, { ...subscription })).toBe(true);
    expect(sameSubscription(subscription, { ...subscription, topicNames: ['a'] })).toBe(false);
    expect(sameSubscription(subscription, { topicNames: ['a', 'b'] })).toBe(false);
    expect(sameSubscription(subscription, { ...subscription, topicNames: ['a', 'c'] })).toBe(false);
    expect(sameSubscription(subscription, { ...subscription, principal: 'User:a' })).toBe(false);
  });
});
