import { describe, expect, it } from 'vitest';
import { planRound } from '../../../lib/group/expire.ts';
import type { MemberItem } from '../../../lib/group/member.ts';
import type { GroupState } from '../../../lib/group/state.ts';
import { groupOf, memberItem, settle } from './builders.ts';

const STATE = settle(groupOf(['a', 'b']));
const NOTHING = { expired: [], fenced: [], gone: [], untold: [], subscribed: [], forgotten: [] };

/** The item of a member as the group's last word left it. */
function itemOf(memberId: string, more: Partial<MemberItem> = {}, state: GroupState = STATE) {
  const member = state.members.get(memberId);
  if (member === undefined) throw new Error(`no ${memberId}`);
  const { joinEpoch, published } = member;
  return memberItem({ memberId, joinEpoch, published, ...more });
}

describe('planRound', () => {
  it('finds nothing to do in a healthy group', () => {
    expect(planRound(STATE, [itemOf('a'), itemOf('b')], 45_000)).toEqual(NOTHING);
  });

  it('finds whose lease ran out, away or not, but not before', () => {
    const late = itemOf('b', { status: 'away', leaseExpiresAtMs: 44_999 });
    expect(planRound(STATE, [itemOf('a'), late], 45_000)).toEqual({ ...NOTHING, expired: [late] });
    expect(planRound(STATE, [itemOf('a'), late], 44_999)).toEqual(NOTHING);
  });

  it('finds an eviction that was begun', () => {
    const fenced = itemOf('b', { status: 'fenced', fence: 'expired' });
    expect(planRound(STATE, [itemOf('a'), fenced], 45_000)).toEqual({
      ...NOTHING,
      fenced: [fenced],
    });
  });

  it('finds a member of which only the entry is left', () => {
    expect(planRound(STATE, [itemOf('a')], 45_000).gone).toEqual([
      { memberId: 'b', joinEpoch: STATE.members.get('b')?.joinEpoch },
    ]);
  });

  it('finds what a dead coordinator left untold, and tells nothing to another life or a fenced one', () => {
    const published = { epoch: 1, phase: 'stable', assignment: [] } as const;
    const item = itemOf('b', { published });
    expect(planRound(STATE, [itemOf('a'), item], 45_000).untold).toEqual([STATE.members.get('b')]);
    for (const more of [{ joinEpoch: 99 }, { status: 'fenced' as const }]) {
      expect(planRound(STATE, [itemOf('a'), { ...item, ...more }], 45_000).untold).toEqual([]);
    }
  });

  it('finds a subscription that the group has not heard of', () => {
    const subscription = { topicNames: ['payments'] };
    expect(
      planRound(STATE, [itemOf('a'), itemOf('b', { subscription })], 45_000).subscribed,
    ).toEqual([{ memberId: 'b', subscription }]);
    const other = itemOf('b', { subscription, joinEpoch: 99 });
    expect(planRound(STATE, [itemOf('a'), other], 45_000).subscribed).toEqual([]);
  });

  it('forgets a fenced life a session after its lease, when it is in no group', () => {
    const fenced = memberItem({ memberId: 'z', status: 'fenced', fence: 'left' });
    const items = [itemOf('a'), itemOf('b'), fenced];
    const far = items.map((item) => ({ ...item, leaseExpiresAtMs: 1_000_000 }));
    expect(planRound(STATE, far, 1_045_000).forgotten).toEqual([]);
    expect(planRound(STATE, [...far.slice(0, 2), fenced], 90_001).forgotten).toEqual([fenced]);
  });
});
