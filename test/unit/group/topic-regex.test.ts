import { describe, expect, it } from 'vitest';
import { parseTopicRegex } from '../../../lib/group/topic-regex.ts';

function matches(pattern: string, name: string): boolean {
  const parsed = parseTopicRegex(pattern);
  if (parsed.kind === 'rejected') throw new Error(parsed.message);
  return parsed.matches(name);
}

describe('parseTopicRegex', () => {
  it.each([
    ['orders', 'orders', true],
    ['order', 'orders', false],
    ['orders.*', 'orders-eu', true],
    ['^orders-(eu|us)$', 'orders-us', true],
    ['^orders-(eu|us)$', 'orders-ap', false],
    ['a|b', 'b', true],
    ['a^b', 'ab', false],
    ['[a-c]+[^0-9]', 'abcx', true],
    ['[a-c]+[^0-9]', 'abc1', false],
    ['[]x]', ']', true],
    ['[a-]', '-', true],
    ['\\d{2,3}', '12', true],
    ['\\d{2,3}', '1234', false],
    ['\\w+\\.v\\d', 'orders.v2', true],
    ['\\w+\\.v\\d', 'ordersxv2', false],
    ['(?:ab)*', '', true],
    ['(a*)*b', 'aaab', true],
    ['(ab){2}', 'abab', true],
    ['(ab){2,}', 'ab', false],
    ['x{0}y', 'y', true],
    ['a+?b??', 'aa', true],
    ['', '', undefined],
    ['(', '', undefined],
    ['a)', '', undefined],
    ['[', '', undefined],
    ['[z-a]', '', undefined],
    ['*a', '', undefined],
    ['a{3,2}', '', undefined],
    ['a{x}', '', undefined],
    ['(?=a)', '', undefined],
    ['(a)\\1', '', undefined],
    ['a\\', '', undefined],
    ['((a{100}){100}){100}', '', undefined],
    ['a'.repeat(257), '', undefined],
  ])('%s on "%s": %s', (pattern, name, expected) => {
    const parsed = parseTopicRegex(pattern);
    if (expected === undefined) {
      expect(parsed).toMatchObject({ kind: 'rejected', code: 'INVALID_REGULAR_EXPRESSION' });
    } else {
      expect(matches(pattern, name)).toBe(expected);
    }
  });

  it.each(['(a+)+b', '(a|a)*b', '.*a.*a.*a.*a.*a.*a.*a.*a.*a.*a.*b'])(
    'takes no time for %s, which stalls engines that backtrack',
    (pattern) => {
      const parsed = parseTopicRegex(pattern);
      if (parsed.kind === 'rejected') throw new Error(parsed.message);
      const before = process.cpuUsage();
      expect(parsed.matches('a'.repeat(249))).toBe(false);
      // Of the processor's time, so that a busy machine changes nothing; such an engine would take years.
      expect(process.cpuUsage(before).user).toBeLessThan(5_000_000);
    },
  );
});
