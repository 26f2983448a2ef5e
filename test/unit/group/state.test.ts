import { describe, expect, it } from 'vitest';
import { groupPhase, groupProblems, newGroup } from '../../../lib/group/state.ts';
import { assignment, groupOf, settle } from './builders.ts';

describe('groupPhase', () => {
  it('names what a group is doing', () => {
    expect(groupPhase(newGroup('g'))).toBe('empty');
    expect(groupPhase({ ...newGroup('g'), status: 'deleted' })).toBe('dead');
    expect(groupPhase(groupOf(['a', 'b']))).toBe('reconciling');
    expect(groupPhase(settle(groupOf(['a', 'b'])))).toBe('stable');
  });
});

describe('groupProblems', () => {
  it('one-owner: finds a partition in two hands', () => {
    const state = settle(groupOf(['a', 'b']));
    const a = state.members.get('a');
    if (a === undefined) throw new Error('no a');
    const broken = {
      ...state,
      members: new Map(state.members).set('a', { ...a, revoking: assignment({ orders: [2] }) }),
    };
    expect(groupProblems(state)).toEqual([]);
    expect(groupProblems(broken)).toEqual(['orders/2 is held by a and b']);
  });

  it('finds an epoch that never was', () => {
    expect(groupProblems({ ...groupOf(['a']), epoch: 0 })).toEqual([
      "a was told an epoch beyond the group's",
    ]);
  });
});
