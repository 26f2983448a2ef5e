import { describe, expect, it } from 'vitest';
import {
  decodeAssignment,
  decodeGroup,
  decodeRanges,
  encodeAssignment,
  encodeGroup,
  encodeRanges,
} from '../../../lib/group/codec.ts';
import { newGroup } from '../../../lib/group/state.ts';
import { applied, assignment, groupOf, joiner, profile, settle, topics } from './builders.ts';

describe('encodeRanges', () => {
  it.each([
    [[0], '0'],
    [[0, 1, 2, 7], '0-2,7'],
    [[3, 5, 6], '3,5-6'],
  ])('writes %j as %s, and reads it back', (partitions, text) => {
    expect(encodeRanges(partitions)).toBe(text);
    expect(decodeRanges(text)).toEqual(partitions);
  });

  it.each(['', 'a', '2-1', '1-', '-1', '1,,2'])('refuses "%s"', (text) => {
    expect(() => decodeRanges(text)).toThrow('is a range of partitions');
  });
});

describe('encodeAssignment', () => {
  it('writes topics by id and name, and reads them back', () => {
    const value = assignment({ orders: [0, 1, 4], 'payments.v2': [3] });
    expect(encodeAssignment(value)).toBe('id-orders:orders:0-1,4;id-payments.v2:payments.v2:3');
    expect(decodeAssignment(encodeAssignment(value))).toEqual(value);
    expect(decodeAssignment(encodeAssignment([]))).toEqual([]);
  });

  it.each(['x', 'x:y', 'x:y:z', 'x:y:1:2'])('refuses "%s"', (text) => {
    expect(() => decodeAssignment(text)).toThrow('assertion failed');
  });
});

describe('encodeGroup', () => {
  it('reads back what it wrote: new, converging, settled, with a deleted topic, empty', () => {
    const converging = applied(groupOf(['a', 'b'], { assignor: 'range' }), [
      {
        kind: 'join',
        joiners: [joiner('c', { joinEpoch: 9, profile: profile({ instanceId: 'i1' }) })],
      },
    ]);
    const gone = applied(converging, [{ kind: 'refresh' }], { topics: [], nowMs: 1 });
    const empty = applied(groupOf(['a']), [
      { kind: 'leave', lives: [{ memberId: 'a', joinEpoch: 1 }] },
    ]);
    for (const state of [newGroup('g'), converging, settle(converging), gone, empty]) {
      expect(decodeGroup(encodeGroup(state))).toEqual(state);
    }
  });

  it('keeps 300 members and 3,000 scattered partitions far below 400 KB', () => {
    const context = { topics: topics({ [`orders-${'x'.repeat(30)}`]: 3_000 }), nowMs: 0 };
    const joiners = Array.from({ length: 300 }, (_, index) =>
      joiner(`01JD3K5Q7R9T1V3X5Z7B9D${String(index).padStart(4, '0')}`, {
        profile: profile({ subscription: { topicNames: [`orders-${'x'.repeat(30)}`] } }),
      }),
    );
    const state = applied(newGroup('billing'), [{ kind: 'join', joiners }], context);
    expect(encodeGroup(state).length).toBeLessThan(60_000);
    expect(
      encodeAssignment(state.members.get(joiners[0]?.memberId ?? '')?.target ?? []).length,
    ).toBeLessThan(150);
  });
});
