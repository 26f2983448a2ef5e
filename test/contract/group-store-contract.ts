// What every GroupStore must do; each adapter's runner calls this.

import { beforeEach, describe, expect, it } from 'vitest';
import { required } from '../../lib/assert.ts';
import { INCARNATION_STEP, type MemberItem } from '../../lib/group/member.ts';
import { GROUPS_PER_LIST_PAGE_MAX } from '../../lib/limits.ts';
import type { GroupListing, GroupStore, MemberKey } from '../../lib/ports/group-store.ts';
import { numbersTo } from './contract-values.ts';
import {
  ASSIGNMENT,
  BARE_PROFILE,
  createMember,
  expectMoment,
  GROUP_ID,
  type GroupHarness,
  groupState,
  type MakeGroupStores,
  MEMBER,
  OTHER_MEMBER,
  PROFILE,
  publication,
} from './group-values.ts';

export function groupStoreContract(makeStores: MakeGroupStores): void {
  let harness: GroupHarness;
  let groups: GroupStore;

  beforeEach(async () => {
    harness = await makeStores();
    groups = harness.groups;
  });

  /** The member's item, which must be there. */
  const standing = async (key: MemberKey = MEMBER): Promise<MemberItem> =>
    required((await groups.readMember(key)).member, 'the member');

  /** That a write was refused by the member that stands, and changed nothing. */
  const expectRefused = async (
    before: MemberItem | undefined,
    write: ReturnType<GroupStore['createMember']>,
  ): Promise<void> => {
    const outcome = await write;
    expect([outcome.kind, outcome.member]).toEqual(['refused', before]);
    expect((await groups.readMember(MEMBER)).member).toEqual(before);
  };

  const publish = (
    epoch: number,
    more: Partial<Parameters<GroupStore['publishAssignment']>[0]> = {},
  ) =>
    groups.publishAssignment({
      ...MEMBER,
      joinEpoch: 3,
      publication: publication(epoch),
      ...more,
    });

  /** The last in, so that it has a lease to compare. */
  const fence = async (key: MemberKey = MEMBER) => {
    const { leaseExpiresAtMs, status } = await standing(key);
    const seen = { leaseExpiresAtMs, status };
    return await groups.fenceMember({ ...key, reason: 'expired', seen });
  };

  describe('writeGroup', () => {
    it('puts a group that is read back whole', async () => {
      const group = groupState({ emptySinceMs: 1_800_000_000_000 });
      expect((await groups.writeGroup(group)).kind).toBe('written');
      expect((await groups.readGroup(GROUP_ID)).group).toEqual(group);
    });

    it('replaces the version before it', async () => {
      await groups.writeGroup(groupState());
      const next = groupState({ version: 2, epoch: 8, members: new Map() });
      expect((await groups.writeGroup(next)).kind).toBe('written');
      expect((await groups.readGroup(GROUP_ID)).group).toEqual(next);
    });

    it.each([1, 2, 4])(
      'is refused at version %i where version 2 stands, and the loser learns it',
      async (version) => {
        await groups.writeGroup(groupState());
        const second = groupState({ version: 2 });
        await groups.writeGroup(second);
        const outcome = await groups.writeGroup(groupState({ version, epoch: 99 }));
        expect(outcome).toMatchObject({ kind: 'refused', group: second });
        expect((await groups.readGroup(GROUP_ID)).group).toEqual(second);
      },
    );

    it('is refused at a later version where there is none', async () => {
      const outcome = await groups.writeGroup(groupState({ version: 2 }));
      expect(outcome).toMatchObject({ kind: 'refused', group: undefined });
      expect((await groups.readGroup(GROUP_ID)).group).toBeUndefined();
    });

    it('lets one of 20 rivals write a version', async () => {
      const outcomes = await Promise.all(
        numbersTo(20).map(async (epoch) => await groups.writeGroup(groupState({ epoch }))),
      );
      expect(outcomes.filter(({ kind }) => kind === 'written').length).toBe(1);
      const winner = outcomes.findIndex(({ kind }) => kind === 'written');
      expect((await groups.readGroup(GROUP_ID)).group?.epoch).toBe(winner);
    });

    it('takes a group id of any characters', async () => {
      for (const groupId of ['#/ ;:"\\', 'ü'.repeat(255), 'GROUP']) {
        const group = groupState({ groupId });
        await groups.writeGroup(group);
        expect((await groups.readGroup(groupId)).group).toEqual(group);
      }
    });
  });

  describe('readGroup', () => {
    it('knows no group that was never written, and one that is deleted', async () => {
      expect((await groups.readGroup(GROUP_ID)).group).toBeUndefined();
      const deleted = groupState({ status: 'deleted', members: new Map(), topics: [] });
      await groups.writeGroup(deleted);
      expect((await groups.readGroup(GROUP_ID)).group).toEqual(deleted);
    });

    it('tells a time that never goes back', async () => {
      const first = await groups.readGroup(GROUP_ID);
      await groups.writeGroup(groupState());
      const second = await groups.readGroup(GROUP_ID);
      expect(second.storageNowMs).toBeGreaterThanOrEqual(first.storageNowMs);
    });
  });

  describe('listGroups', () => {
    const listAll = async (limit: number): Promise<GroupListing[]> => {
      const listed: GroupListing[] = [];
      let after: string | undefined;
      do {
        const page = await groups.listGroups(after === undefined ? { limit } : { limit, after });
        expect(page.groups.length).toBeLessThanOrEqual(limit);
        listed.push(...page.groups);
        after = page.next;
      } while (after !== undefined);
      return listed.sort((one, other) => (one.groupId < other.groupId ? -1 : 1));
    };

    it.each([1, 2, GROUPS_PER_LIST_PAGE_MAX])(
      'lists every group but the deleted ones once, in pages of %i',
      async (limit) => {
        await groups.writeGroup(groupState({ groupId: 'a' }));
        await groups.writeGroup(groupState({ groupId: 'b', status: 'deleting' }));
        await groups.writeGroup(groupState({ groupId: 'c', status: 'deleted' }));
        await groups.writeGroup(groupState({ groupId: 'd', members: new Map() }));
        await createMember(groups, { groupId: 'a', memberId: 'member-1' });
        await createMember(groups, { groupId: 'e', memberId: 'member-1' });
        expect(await listAll(limit)).toEqual([
          { groupId: 'a', status: 'active', memberCount: 1 },
          { groupId: 'b', status: 'deleting', memberCount: 1 },
          { groupId: 'd', status: 'active', memberCount: 0 },
        ]);
      },
    );

    it('refuses a page larger than the limit', async () => {
      const tooMany = groups.listGroups({ limit: GROUPS_PER_LIST_PAGE_MAX + 1 });
      await expect(tooMany).rejects.toThrow('assertion failed');
    });
  });

  describe('createMember', () => {
    it.each([
      ['everything', PROFILE],
      ['nothing more than it must', BARE_PROFILE],
    ])('puts a live member that says %s of itself', async (_what, profile) => {
      const outcome = await createMember(groups, MEMBER, profile);
      expect(outcome.kind).toBe('written');
      const { leaseExpiresAtMs, ...rest } = required(outcome.member, 'the member');
      expect(rest).toEqual({
        ...MEMBER,
        ...profile,
        status: 'live',
        joinEpoch: 3,
        counter: INCARNATION_STEP,
        published: { epoch: 3, phase: 'stable', assignment: [] },
      });
      expectMoment(leaseExpiresAtMs, outcome.storageNowMs, profile.sessionTimeoutMs);
      expect(await standing()).toEqual(outcome.member);
    });

    it('leaves a member that lives, or is away', async () => {
      await createMember(groups);
      await expectRefused(await standing(), createMember(groups, MEMBER, BARE_PROFILE));
      await groups.leaveMember({ ...MEMBER, temporarily: true });
      await expectRefused(await standing(), createMember(groups, MEMBER, BARE_PROFILE));
    });

    it('fenced: begins no life a second time that was ended', async () => {
      await createMember(groups);
      await fence();
      await expectRefused(await standing(), createMember(groups));
    });

    it('begins a new life in place of a fenced one, with nothing left of it', async () => {
      await createMember(groups);
      const unrevoked = { publication: publication(4, 'unrevoked'), revokeTimeoutMs: 60_000 };
      await publish(4, unrevoked);
      await fence();
      const outcome = await groups.createMember({
        ...MEMBER,
        profile: BARE_PROFILE,
        joinEpoch: 9,
        publishedEpoch: 8,
      });
      const { leaseExpiresAtMs, ...rest } = required(outcome.member, 'the member');
      expect(leaseExpiresAtMs).toBeGreaterThan(0);
      expect(rest).toEqual({
        ...MEMBER,
        ...BARE_PROFILE,
        status: 'live',
        joinEpoch: 9,
        counter: INCARNATION_STEP,
        published: { epoch: 8, phase: 'stable', assignment: [] },
      });
      expect(await standing()).toEqual(outcome.member);
    });

    it('keeps members of the same id in different groups apart', async () => {
      await createMember(groups);
      const elsewhere = { ...MEMBER, groupId: 'other' };
      expect((await createMember(groups, elsewhere, BARE_PROFILE)).kind).toBe('written');
      expect((await standing()).clientId).toBe('client-1');
    });
  });

  describe('rejoinMember', () => {
    const rejoin = (joinEpoch: number, profile = BARE_PROFILE) =>
      groups.rejoinMember({ ...MEMBER, profile, joinEpoch });

    it('begins a later life of a live member, and keeps what it was told', async () => {
      await createMember(groups);
      const told = { publication: publication(5, 'unrevoked'), revokeTimeoutMs: 60_000 };
      const published = await publish(5, told);
      const outcome = await rejoin(6);
      const { leaseExpiresAtMs, ...rest } = required(outcome.member, 'the member');
      expect(outcome.kind).toBe('written');
      expect(rest).toEqual({
        ...MEMBER,
        ...BARE_PROFILE,
        status: 'live',
        joinEpoch: 6,
        counter: 2 * INCARNATION_STEP,
        revokeByMs: published.member?.revokeByMs,
        published: publication(5, 'unrevoked'),
      });
      expectMoment(leaseExpiresAtMs, outcome.storageNowMs, BARE_PROFILE.sessionTimeoutMs);
      expect(await standing()).toEqual(outcome.member);
    });

    it('takes the whole new profile, optional parts too', async () => {
      await createMember(groups, MEMBER, BARE_PROFILE);
      expect((await rejoin(4, PROFILE)).member).toMatchObject(PROFILE);
    });

    it('brings a member back that was away', async () => {
      await createMember(groups);
      await groups.leaveMember({ ...MEMBER, temporarily: true });
      expect((await rejoin(4)).member?.status).toBe('live');
    });

    it('is refused at an epoch that is not later, to a fenced member, and where there is none', async () => {
      await expectRefused(undefined, rejoin(9));
      await createMember(groups);
      await expectRefused(await standing(), rejoin(3));
      await expectRefused(await standing(), rejoin(2));
      await fence();
      await expectRefused(await standing(), rejoin(9));
    });
  });

  describe('heartbeatMember', () => {
    const beat = (more: Partial<Parameters<GroupStore['heartbeatMember']>[0]> = {}) =>
      groups.heartbeatMember({ ...MEMBER, memberEpoch: 3, ...more });

    it('extends the lease by the stored session timeout and answers with the whole item', async () => {
      const { member: before } = await createMember(groups);
      await harness.passTime(0);
      const outcome = await beat();
      const { leaseExpiresAtMs, ...rest } = required(outcome.member, 'the member');
      expect(outcome.kind).toBe('written');
      expectMoment(leaseExpiresAtMs, outcome.storageNowMs, PROFILE.sessionTimeoutMs);
      expect(leaseExpiresAtMs).toBeGreaterThan(required(before, 'member').leaseExpiresAtMs);
      expect({ ...rest, leaseExpiresAtMs: 0 }).toEqual({ ...before, leaseExpiresAtMs: 0 });
      expect(await standing()).toEqual(outcome.member);
    });

    it('stores a counter and a subscription that are given', async () => {
      await createMember(groups);
      const subscription = { topicNames: ['payments'] };
      const outcome = await beat({ counter: INCARNATION_STEP + 1, subscription });
      expect(outcome.member).toMatchObject({ counter: INCARNATION_STEP + 1 });
      expect(outcome.member?.subscription).toEqual(subscription);
      const matching = { topicNames: [], topicRegex: 'a.*' };
      const next = await beat({ counter: INCARNATION_STEP + 2, subscription: matching });
      expect(next.member?.subscription).toEqual(matching);
      const whose = { ...matching, principal: 'User:alice' };
      const then = await beat({ counter: INCARNATION_STEP + 3, subscription: whose });
      expect(then.member?.subscription).toEqual(whose);
      const last = await beat({ counter: INCARNATION_STEP + 4, subscription: matching });
      expect(last.member?.subscription).toEqual(matching);
    });

    it('is refused when it is older than the last that counted (fenced)', async () => {
      await createMember(groups);
      await beat({ counter: INCARNATION_STEP + 5 });
      const before = await standing();
      await expectRefused(before, beat({ counter: INCARNATION_STEP + 5 }));
      await expectRefused(before, beat({ counter: INCARNATION_STEP + 4 }));
      expect((await beat({ counter: INCARNATION_STEP + 6 })).kind).toBe('written');
    });

    it('counts without a counter, whatever is stored', async () => {
      await createMember(groups);
      await beat({ counter: INCARNATION_STEP + 5 });
      const outcome = await beat();
      expect([outcome.kind, outcome.member?.counter]).toEqual(['written', INCARNATION_STEP + 5]);
    });

    it('is refused from a former life, and taken at its own epoch and later ones (fenced)', async () => {
      await createMember(groups);
      await expectRefused(await standing(), beat({ memberEpoch: 2 }));
      expect((await beat({ memberEpoch: 4 })).kind).toBe('written');
    });

    it('is refused to members that are away, fenced, or not there', async () => {
      await expectRefused(undefined, beat());
      await createMember(groups);
      await groups.leaveMember({ ...MEMBER, temporarily: true });
      await expectRefused(await standing(), beat());
      await fence();
      await expectRefused(await standing(), beat());
    });

    it('is refused from the moment on at which partitions were to be given up', async () => {
      await createMember(groups);
      const owing = { publication: publication(4, 'unrevoked'), revokeTimeoutMs: 60_000 };
      await publish(4, owing);
      expect((await beat({ memberEpoch: 4 })).kind).toBe('written');
      await harness.passTime(60_000);
      await expectRefused(await standing(), beat({ memberEpoch: 4 }));
      await publish(5);
      expect((await beat({ memberEpoch: 5 })).kind).toBe('written');
    });
  });

  describe('listMembers', () => {
    const listAll = async (groupId: string): Promise<MemberItem[]> => {
      const members: MemberItem[] = [];
      let after: string | undefined;
      do {
        const page = await groups.listMembers(
          after === undefined ? { groupId } : { groupId, after },
        );
        members.push(...page.members);
        after = page.next;
      } while (after !== undefined);
      return members;
    };

    it('lists the members of a group by id, in any status, and nothing else', async () => {
      await groups.writeGroup(groupState());
      const ids = ['member-1', 'member-10', 'member-2', 'a', 'é'];
      for (const memberId of ids) await createMember(groups, { groupId: GROUP_ID, memberId });
      await createMember(groups, { groupId: 'other', memberId: 'member-3' });
      await fence();
      await groups.leaveMember({ ...OTHER_MEMBER, temporarily: true });
      const members = await listAll(GROUP_ID);
      expect(members.map(({ memberId, status }) => [memberId, status])).toEqual([
        ['a', 'live'],
        ['member-1', 'fenced'],
        ['member-10', 'live'],
        ['member-2', 'away'],
        ['é', 'live'],
      ]);
      expect(members[1]).toEqual(await standing());
    });

    it('goes on behind the member that is named', async () => {
      for (const memberId of ['a', 'b', 'c']) {
        await createMember(groups, { groupId: GROUP_ID, memberId });
      }
      const page = await groups.listMembers({ groupId: GROUP_ID, after: 'a' });
      expect(page.members.map(({ memberId }) => memberId)).toEqual(['b', 'c']);
    });

    it('lists nothing of a group without members', async () => {
      await groups.writeGroup(groupState());
      expect(await listAll(GROUP_ID)).toEqual([]);
    });

    it('lists more members than fit one page', async () => {
      const count = 60;
      const topicNames = numbersTo(90).map((number) => `${number}-`.padEnd(249, 'x'));
      const profile = { ...PROFILE, subscription: { topicNames } };
      const keys = numbersTo(count).map((number) => ({
        groupId: GROUP_ID,
        memberId: `member-${String(number).padStart(3, '0')}`,
      }));
      await Promise.all(keys.map(async (key) => await createMember(groups, key, profile)));
      const ids = (await listAll(GROUP_ID)).map(({ memberId }) => memberId);
      expect(ids).toEqual(keys.map(({ memberId }) => memberId));
    });
  });

  describe('publishAssignment', () => {
    it('tells a member what it has', async () => {
      const { member } = await createMember(groups);
      const outcome = await publish(4);
      expect(outcome.kind).toBe('written');
      expect(outcome.member).toEqual({ ...member, published: publication(4) });
      expect(await standing()).toEqual(outcome.member);
    });

    it('reaches a member that is away', async () => {
      await createMember(groups);
      await groups.leaveMember({ ...MEMBER, temporarily: true });
      expect((await publish(4)).kind).toBe('written');
    });

    it('is refused downward, to another life, to a fenced member, and where there is none (fenced)', async () => {
      await expectRefused(undefined, publish(4));
      await createMember(groups);
      await expectRefused(await standing(), publish(3));
      await expectRefused(await standing(), publish(4, { joinEpoch: 2 }));
      await expectRefused(await standing(), publish(4, { joinEpoch: 4 }));
      await fence();
      await expectRefused(await standing(), publish(4));
    });

    it('sets the moment by which partitions are to be given up once, until they are', async () => {
      await createMember(groups);
      const owing = (epoch: number, revokeTimeoutMs: number) =>
        publish(epoch, { publication: publication(epoch, 'unrevoked'), revokeTimeoutMs });
      const first = await owing(4, 60_000);
      expectMoment(first.member?.revokeByMs, first.storageNowMs, 60_000);
      expect((await owing(5, 1)).member?.revokeByMs).toBe(first.member?.revokeByMs);
      expect((await publish(6)).member).not.toHaveProperty('revokeByMs');
      const waiting = publication(7, 'unreleased');
      expect((await publish(7, { publication: waiting })).member?.published).toEqual(waiting);
      const later = await owing(8, 90_000);
      expectMoment(later.member?.revokeByMs, later.storageNowMs, 90_000);
    });
  });

  describe('fenceMember', () => {
    it('ends a life, and says the last it was told', async () => {
      await createMember(groups);
      const { member } = await publish(4);
      const outcome = await fence();
      expect(outcome.kind).toBe('written');
      expect(outcome.member).toEqual({ ...member, status: 'fenced', fence: 'expired' });
      expect(await standing()).toEqual(outcome.member);
    });

    it('is refused when a heartbeat extended the lease since it was seen (monotonic-ownership)', async () => {
      const { member } = await createMember(groups);
      const seen = required(member, 'the member');
      await harness.passTime(0);
      await groups.heartbeatMember({ ...MEMBER, memberEpoch: 3 });
      const before = await standing();
      await expectRefused(before, groups.fenceMember({ ...MEMBER, reason: 'expired', seen }));
    });

    it('is refused when the status is another, and to a fenced member', async () => {
      const { member } = await createMember(groups);
      const seen = required(member, 'the member');
      await groups.leaveMember({ ...MEMBER, temporarily: true });
      const away = await standing();
      await expectRefused(away, groups.fenceMember({ ...MEMBER, reason: 'replaced', seen }));
      await groups.fenceMember({ ...MEMBER, reason: 'replaced', seen: away });
      const fenced = await standing();
      expect(fenced.fence).toBe('replaced');
      await expectRefused(fenced, groups.fenceMember({ ...MEMBER, reason: 'left', seen: fenced }));
    });

    it('is refused where there is no member, and makes none', async () => {
      const seen = { leaseExpiresAtMs: 0, status: 'live' } as const;
      await expectRefused(undefined, groups.fenceMember({ ...MEMBER, reason: 'left', seen }));
    });

    it('lets one of 10 rivals fence', async () => {
      const { member } = await createMember(groups);
      const seen = required(member, 'the member');
      const outcomes = await Promise.all(
        numbersTo(10).map(
          async () => await groups.fenceMember({ ...MEMBER, reason: 'expired', seen }),
        ),
      );
      expect(outcomes.filter(({ kind }) => kind === 'written').length).toBe(1);
    });
  });

  describe('leaveMember', () => {
    const leave = (more: Partial<Parameters<GroupStore['leaveMember']>[0]> = {}) =>
      groups.leaveMember({ ...MEMBER, temporarily: false, ...more });

    it('ends a life for good', async () => {
      const { member } = await createMember(groups);
      const outcome = await leave();
      expect(outcome.kind).toBe('written');
      expect(outcome.member).toEqual({ ...member, status: 'fenced', fence: 'left' });
      expect(await standing()).toEqual(outcome.member);
    });

    it('leaves for a while with its lease as it is', async () => {
      const { member } = await createMember(groups);
      const outcome = await leave({ temporarily: true, memberEpoch: 3 });
      expect(outcome.member).toEqual({ ...member, status: 'away' });
    });

    it('ends the life of a member that was away', async () => {
      await createMember(groups);
      await leave({ temporarily: true });
      expect((await leave()).member?.status).toBe('fenced');
    });

    it('stores a counter that is given, and is refused with an older one or from a former life', async () => {
      await createMember(groups);
      await expectRefused(await standing(), leave({ memberEpoch: 2 }));
      await expectRefused(await standing(), leave({ counter: INCARNATION_STEP }));
      const outcome = await leave({ memberEpoch: 3, counter: INCARNATION_STEP + 1 });
      expect(outcome.member).toMatchObject({ status: 'fenced', counter: INCARNATION_STEP + 1 });
    });

    it('is refused to a fenced member, and where there is none', async () => {
      await expectRefused(undefined, leave());
      await createMember(groups);
      await fence();
      await expectRefused(await standing(), leave());
    });
  });

  describe('deleteMember', () => {
    it('removes what is left of a fenced life', async () => {
      await createMember(groups);
      await fence();
      expect(await groups.deleteMember({ ...MEMBER, joinEpoch: 3 })).toBe('deleted');
      expect((await groups.readMember(MEMBER)).member).toBeUndefined();
    });

    it('leaves members that live or are away, other lives, and what is not there', async () => {
      const remove = (joinEpoch = 3) => groups.deleteMember({ ...MEMBER, joinEpoch });
      expect(await remove()).toBe('refused');
      await createMember(groups);
      expect(await remove()).toBe('refused');
      await groups.leaveMember({ ...MEMBER, temporarily: true });
      expect(await remove()).toBe('refused');
      await fence();
      expect(await remove(2)).toBe('refused');
      expect(await remove(4)).toBe('refused');
      expect((await standing()).published).toEqual({ epoch: 3, phase: 'stable', assignment: [] });
    });
  });

  describe('readMember', () => {
    it('reads a member with everything that it was told', async () => {
      await createMember(groups);
      await publish(4);
      expect((await standing()).published.assignment).toEqual(ASSIGNMENT);
      expect((await groups.readMember(OTHER_MEMBER)).member).toBeUndefined();
    });
  });
}
