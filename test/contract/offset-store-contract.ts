// What every OffsetStore must do; each adapter's runner calls this.

import { beforeEach, describe, expect, it } from 'vitest';
import { required } from '../../lib/assert.ts';
import type { OffsetItem } from '../../lib/group/offset.ts';
import { OFFSET_METADATA_BYTES_MAX, OFFSETS_PER_TRANSACTION_MAX } from '../../lib/limits.ts';
import type { GroupStore } from '../../lib/ports/group-store.ts';
import type { CommitRequest, NamedPartition, OffsetStore } from '../../lib/ports/offset-store.ts';
import { numbersTo, OTHER_TOPIC_ID, TOPIC_ID } from './contract-values.ts';
import {
  createMember,
  expectMoment,
  GROUP_ID,
  groupState,
  type MakeGroupStores,
  MEMBER,
  OTHER_MEMBER,
} from './group-values.ts';

const PARTITION: NamedPartition = { topicId: TOPIC_ID, topicName: 'orders', partition: 3 };
const CLAIMED: OffsetItem = {
  ...PARTITION,
  ownerEpoch: 3,
  ownerMemberId: MEMBER.memberId,
  counter: 0,
};

export function offsetStoreContract(makeStores: MakeGroupStores): void {
  let groups: GroupStore;
  let offsets: OffsetStore;

  beforeEach(async () => {
    const harness = await makeStores();
    groups = harness.groups;
    offsets = harness.offsets;
  });

  const claim = async (epoch: number, memberId: string = MEMBER.memberId, partition = PARTITION) =>
    await offsets.claimPartition({ groupId: GROUP_ID, memberId, epoch, partition });

  const claimFirst = async (epoch = 3, key = MEMBER, partition = PARTITION) =>
    await offsets.claimFirst({ ...key, epoch, partition });

  const commit = async (offset: bigint, more: Partial<CommitRequest> = {}) =>
    await offsets.commitOffset({
      ...MEMBER,
      memberEpoch: 3,
      partition: PARTITION,
      offset,
      metadata: '',
      ...more,
    });

  const readAll = async (groupId = GROUP_ID): Promise<OffsetItem[]> => {
    const items: OffsetItem[] = [];
    let after: string | undefined;
    do {
      const page = await offsets.readOffsets(
        after === undefined ? { groupId } : { groupId, after },
      );
      items.push(...page.offsets);
      after = page.next;
    } while (after !== undefined);
    return items;
  };

  const standing = async (): Promise<OffsetItem> => {
    const items = await readAll();
    return required(
      items.find(({ partition }) => partition === PARTITION.partition),
      'the offset',
    );
  };

  /** The member lives at epoch 3 and owns the partition. */
  const owned = async (): Promise<void> => {
    await createMember(groups);
    await claimFirst();
  };

  describe('claimFirst', () => {
    it('puts an item that the claimer owns and in which nothing is committed', async () => {
      await createMember(groups);
      expect(await claimFirst()).toEqual({ kind: 'claimed', offset: CLAIMED });
      expect(await readAll()).toEqual([CLAIMED]);
    });

    it('leaves an item that is there', async () => {
      await owned();
      await commit(5n);
      const before = await standing();
      expect(await claimFirst()).toEqual({ kind: 'exists' });
      expect(await standing()).toEqual(before);
    });

    it('is refused without a member, and puts nothing (fenced)', async () => {
      expect(await claimFirst()).toEqual({ kind: 'refused', member: undefined });
      expect(await readAll()).toEqual([]);
    });

    it('is refused at an epoch that is not the last one published (fenced)', async () => {
      const { member } = await createMember(groups);
      expect(await claimFirst(2)).toEqual({ kind: 'refused', member });
      expect(await claimFirst(4)).toEqual({ kind: 'refused', member });
      expect(await readAll()).toEqual([]);
    });

    it('is refused to members that are away or fenced, also where an item is there (fenced)', async () => {
      await owned();
      const away = await groups.leaveMember({ ...MEMBER, temporarily: true });
      expect(await claimFirst()).toEqual({ kind: 'refused', member: away.member });
      const left = await groups.leaveMember({ ...MEMBER, temporarily: false });
      expect(await claimFirst()).toEqual({ kind: 'refused', member: left.member });
    });

    it('lets one of 10 rivals claim (one-owner)', async () => {
      const keys = numbersTo(10).map((number) => ({
        groupId: GROUP_ID,
        memberId: `member-${number}`,
      }));
      for (const key of keys) await createMember(groups, key);
      const outcomes = await Promise.allSettled(keys.map(async (key) => await claimFirst(3, key)));
      const kinds = outcomes.map((outcome) =>
        outcome.status === 'fulfilled' ? outcome.value.kind : 'conflict',
      );
      expect(kinds.filter((kind) => kind === 'claimed').length).toBe(1);
      expect((await standing()).ownerMemberId).toBe(`member-${kinds.indexOf('claimed')}`);
    });
  });

  describe('claimPartition', () => {
    it('says that there is no item, and puts none', async () => {
      expect(await claim(3)).toEqual({ kind: 'absent' });
      expect(await readAll()).toEqual([]);
    });

    it('takes over at a later epoch, with what was committed', async () => {
      await owned();
      await commit(42n, { metadata: 'so far', counter: 9 });
      const before = await standing();
      const offset = { ...before, ownerEpoch: 4, ownerMemberId: 'member-2' };
      expect(await claim(4, 'member-2')).toEqual({ kind: 'claimed', offset });
      expect(await standing()).toEqual(offset);
    });

    it('may be repeated by its owner at the same epoch', async () => {
      await owned();
      expect(await claim(3)).toEqual({ kind: 'claimed', offset: CLAIMED });
    });

    it('is refused to another member at the same epoch, and to anybody at an older one (fenced)', async () => {
      await owned();
      expect(await claim(3, 'member-2')).toEqual({ kind: 'refused', offset: CLAIMED });
      expect(await claim(2)).toEqual({ kind: 'refused', offset: CLAIMED });
      expect(await standing()).toEqual(CLAIMED);
    });

    it('is refused at the epoch at which nobody was made the owner (fenced)', async () => {
      await owned();
      await offsets.raiseOffsetOwner({ groupId: GROUP_ID, partition: PARTITION, epoch: 3 });
      const nobodys = await standing();
      expect(await claim(3)).toEqual({ kind: 'refused', offset: nobodys });
      expect((await claim(4)).kind).toBe('claimed');
    });
  });

  describe('commitOffset', () => {
    it('stores offset, metadata, time and the next counter', async () => {
      await owned();
      const outcome = await commit(2n ** 62n, { metadata: 'é'.repeat(2_048) });
      const { committed, ...rest } = required(
        outcome.kind === 'committed' ? outcome.offset : undefined,
        'the offset',
      );
      expect(rest).toEqual({ ...CLAIMED, counter: 1 });
      expect(committed).toMatchObject({ offset: 2n ** 62n, metadata: 'é'.repeat(2_048) });
      const { storageNowMs } = await offsets.readOffsets({ groupId: GROUP_ID });
      expect(committed?.committedAtMs).toBeGreaterThan(storageNowMs - 60_000);
      expect(committed?.committedAtMs).toBeLessThan(storageNowMs + 60_000);
      expect(await standing()).toEqual(outcome.kind === 'committed' ? outcome.offset : undefined);
    });

    it('takes a counter that is larger, and refuses a late commit (no offset moves back)', async () => {
      await owned();
      await commit(10n, { counter: 5 });
      const before = await standing();
      expect(before.counter).toBe(5);
      expect(await commit(7n, { counter: 5 })).toEqual({ kind: 'refused', offset: before });
      expect(await commit(7n, { counter: 4 })).toEqual({ kind: 'refused', offset: before });
      expect((await commit(7n, { counter: 6 })).kind).toBe('committed');
    });

    it('moves an offset back when its owner says so', async () => {
      await owned();
      await commit(10n);
      await commit(7n);
      expect(await standing()).toMatchObject({ counter: 2, committed: { offset: 7n } });
    });

    it('is refused to anybody but the owner (one-owner)', async () => {
      await owned();
      const refused = { kind: 'refused', offset: CLAIMED };
      expect(await commit(1n, { memberId: 'member-2', memberEpoch: 99 })).toEqual(refused);
      await claim(4, 'member-2');
      expect((await commit(1n)).kind).toBe('refused');
      expect((await standing()).committed).toBeUndefined();
    });

    it('is refused at an epoch before the claim, and taken at later ones (fenced)', async () => {
      await owned();
      expect(await commit(1n, { memberEpoch: 2 })).toEqual({ kind: 'refused', offset: CLAIMED });
      expect((await commit(1n, { memberEpoch: 9 })).kind).toBe('committed');
    });

    it('is refused where nobody is the owner, and where there is no item (fenced)', async () => {
      expect(await commit(1n)).toEqual({ kind: 'refused', offset: undefined });
      await owned();
      await offsets.raiseOffsetOwner({ groupId: GROUP_ID, partition: PARTITION, epoch: 3 });
      const nobodys = await standing();
      expect(await commit(1n)).toEqual({ kind: 'refused', offset: nobodys });
    });

    it('refuses metadata beyond the limit', async () => {
      await owned();
      const metadata = 'x'.repeat(OFFSET_METADATA_BYTES_MAX + 1);
      await expect(commit(1n, { metadata })).rejects.toThrow('assertion failed');
    });

    it('counts 20 concurrent commits', async () => {
      await owned();
      await Promise.all(numbersTo(20).map(async (number) => await commit(BigInt(number))));
      expect((await standing()).counter).toBe(20);
    });
  });

  describe('commitWhileEmpty', () => {
    const commitEmpty = async (
      more: Partial<Parameters<OffsetStore['commitWhileEmpty']>[0]> = {},
      partitions: readonly NamedPartition[] = [PARTITION],
    ) =>
      await offsets.commitWhileEmpty({
        groupId: GROUP_ID,
        groupVersion: 1,
        epoch: 5,
        offsets: partitions.map((partition) => ({ partition, offset: 8n, metadata: 'reset' })),
        ...more,
      });
    const emptyGroup = groupState({ members: new Map(), epoch: 5 });

    it('puts offsets that nobody owns', async () => {
      await groups.writeGroup(emptyGroup);
      const other = { topicId: OTHER_TOPIC_ID, topicName: 'payments', partition: 0 };
      expect(await commitEmpty({}, [PARTITION, other])).toBe('committed');
      const { storageNowMs } = await offsets.readOffsets({ groupId: GROUP_ID });
      for (const item of await readAll()) {
        const { committed, ...rest } = item;
        const partition = item.topicId === TOPIC_ID ? PARTITION : other;
        expect(rest).toEqual({ ...partition, ownerEpoch: 5, counter: 1 });
        expect(committed).toMatchObject({ offset: 8n, metadata: 'reset' });
        expectMoment(committed?.committedAtMs, storageNowMs - 2_000, 0);
      }
      expect((await readAll()).length).toBe(2);
    });

    it('replaces what stands, fences its owner, and counts on (fenced)', async () => {
      await groups.writeGroup(emptyGroup);
      await owned();
      await commit(42n, { counter: 9 });
      expect(await commitEmpty()).toBe('committed');
      const item = await standing();
      expect(item).toMatchObject({ ownerEpoch: 5, counter: 10, committed: { offset: 8n } });
      expect(item).not.toHaveProperty('ownerMemberId');
      expect((await commit(50n, { memberEpoch: 5 })).kind).toBe('refused');
      expect((await claim(5)).kind).toBe('refused');
    });

    it('stores none when the group’s version is another, or there is no group', async () => {
      expect(await commitEmpty()).toBe('group-changed');
      await groups.writeGroup(emptyGroup);
      expect(await commitEmpty({ groupVersion: 2 })).toBe('group-changed');
      await groups.writeGroup({ ...emptyGroup, version: 2 });
      expect(await commitEmpty({ groupVersion: 1 })).toBe('group-changed');
      expect(await readAll()).toEqual([]);
    });

    it('stores none when one was claimed at a later epoch', async () => {
      await groups.writeGroup(emptyGroup);
      await groups.createMember({
        ...MEMBER,
        profile: groupProfile,
        joinEpoch: 6,
        publishedEpoch: 6,
      });
      await claimFirst(6);
      const second = { ...PARTITION, partition: 4 };
      expect(await commitEmpty({}, [second, PARTITION])).toBe('group-changed');
      expect(await readAll()).toEqual([{ ...CLAIMED, ownerEpoch: 6 }]);
    });

    it('takes as many offsets as a transaction can, and no more', async () => {
      await groups.writeGroup(emptyGroup);
      const many = (count: number) =>
        numbersTo(count).map((partition) => ({ ...PARTITION, partition }));
      expect(await commitEmpty({}, many(OFFSETS_PER_TRANSACTION_MAX))).toBe('committed');
      expect((await readAll()).length).toBe(OFFSETS_PER_TRANSACTION_MAX);
      const tooMany = commitEmpty({}, many(OFFSETS_PER_TRANSACTION_MAX + 1));
      await expect(tooMany).rejects.toThrow('assertion failed');
    });
  });

  const groupProfile = {
    subscription: { topicNames: ['orders'] },
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 60_000,
  };

  describe('raiseOffsetOwner', () => {
    const raise = async (epoch: number) =>
      await offsets.raiseOffsetOwner({ groupId: GROUP_ID, partition: PARTITION, epoch });

    it('makes nobody the owner, and keeps what was committed (fenced)', async () => {
      await owned();
      await commit(42n);
      const { ownerMemberId, ...rest } = await standing();
      expect(ownerMemberId).toBe(MEMBER.memberId);
      expect(await raise(4)).toBe('raised');
      expect(await standing()).toEqual({ ...rest, ownerEpoch: 4 });
    });

    it('is refused at an epoch before the owner’s, and where there is no item', async () => {
      expect(await raise(4)).toBe('refused');
      expect(await readAll()).toEqual([]);
      await owned();
      expect(await raise(2)).toBe('refused');
      expect(await standing()).toEqual(CLAIMED);
      expect(await raise(3)).toBe('raised');
    });
  });

  describe('readOffsets', () => {
    it('reads a group’s offsets in the order of their keys, and nothing else', async () => {
      await groups.writeGroup(groupState());
      await createMember(groups);
      await createMember(groups, OTHER_MEMBER);
      const elsewhere = { ...MEMBER, groupId: 'other' };
      await createMember(groups, elsewhere);
      await claimFirst(3, elsewhere);
      const partitions: readonly NamedPartition[] = [
        { topicId: OTHER_TOPIC_ID, topicName: 'payments', partition: 0 },
        { topicId: TOPIC_ID, topicName: 'orders', partition: 1 },
        { topicId: TOPIC_ID, topicName: 'orders', partition: 0 },
      ];
      for (const partition of partitions) await claimFirst(3, MEMBER, partition);
      const read = (await readAll()).map(({ topicId, partition }) => [topicId, partition]);
      expect(read).toEqual([
        [TOPIC_ID, 0],
        [TOPIC_ID, 1],
        [OTHER_TOPIC_ID, 0],
      ]);
      expect((await readAll('other')).length).toBe(1);
      expect(await readAll('third')).toEqual([]);
    });

    it('reads more offsets than fit one page', async () => {
      const emptyGroup = groupState({ members: new Map() });
      await groups.writeGroup(emptyGroup);
      const metadata = 'x'.repeat(OFFSET_METADATA_BYTES_MAX);
      for (const topic of numbersTo(4)) {
        const written = numbersTo(OFFSETS_PER_TRANSACTION_MAX).map((partition) => ({
          partition: { topicId: `topic-${topic}`, topicName: 't', partition },
          offset: BigInt(partition),
          metadata,
        }));
        await offsets.commitWhileEmpty({
          groupId: GROUP_ID,
          groupVersion: 1,
          epoch: 7,
          offsets: written,
        });
      }
      const items = await readAll();
      expect(items.length).toBe(4 * OFFSETS_PER_TRANSACTION_MAX);
      const keys = new Set(items.map(({ topicId, partition }) => `${topicId}/${partition}`));
      expect(keys.size).toBe(items.length);
    });
  });

  describe('deleteOffset', () => {
    const remove = async (epoch: number) =>
      await offsets.deleteOffset({ groupId: GROUP_ID, partition: PARTITION, epoch });

    it('removes an offset whose owner is of that epoch or older', async () => {
      await owned();
      expect(await remove(3)).toBe('deleted');
      expect(await readAll()).toEqual([]);
    });

    it('leaves what was claimed later, and what is not there', async () => {
      expect(await remove(3)).toBe('refused');
      await owned();
      await claim(4);
      expect(await remove(3)).toBe('refused');
      expect((await standing()).ownerEpoch).toBe(4);
    });
  });
}
