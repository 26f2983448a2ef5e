// Committed offsets and who owns them, in SQLite. The clauses are those that the port names.

import { assert } from '../../assert.ts';
import type { TopicPartition } from '../../group/assignment.ts';
import type { OffsetItem } from '../../group/offset.ts';
import {
  LOCAL_ROWS_PER_PAGE_MAX,
  OFFSET_METADATA_BYTES_MAX,
  OFFSETS_PER_TRANSACTION_MAX,
} from '../../limits.ts';
import type { CommitRequest, OffsetStore } from '../../ports/offset-store.ts';
import type { Database } from './database.ts';
import { readGroup } from './group-store.ts';
import { readMember } from './members.ts';
import { offsetsOf } from './offsets.ts';

type Owners = Pick<OffsetStore, 'claimPartition' | 'claimFirst' | 'raiseOffsetOwner'>;
type Commits = Pick<OffsetStore, 'commitOffset' | 'commitWhileEmpty'>;

/** Where a list of all offsets begins. */
const BEFORE_ALL: TopicPartition = { topicId: '', partition: -1 };

/** `nowMs` is the storage's clock, milliseconds since 1970; it must not go back. */
export function createOffsetStore(database: Database, nowMs: () => number): OffsetStore {
  return {
    ...owners(database),
    ...commits(database, nowMs),

    async readOffsets({ groupId, after }) {
      const place = after === undefined ? BEFORE_ALL : decodePlace(after);
      const offsets = await database.read(() => offsetsOf(database, groupId).readAfter(place));
      const storageNowMs = nowMs();
      const last = offsets.length < LOCAL_ROWS_PER_PAGE_MAX ? undefined : offsets.at(-1);
      return last === undefined
        ? { offsets, storageNowMs }
        : { offsets, next: encodePlace(last), storageNowMs };
    },

    deleteOffset: ({ groupId, partition, epoch }) =>
      database.write(() => {
        const offsets = offsetsOf(database, groupId);
        const stands = offsets.read(partition);
        if (stands === undefined || stands.ownerEpoch > epoch) return 'refused';
        offsets.delete(partition);
        return 'deleted';
      }),
  };
}

function owners(database: Database): Owners {
  return {
    claimPartition: ({ groupId, memberId, epoch, partition }) =>
      database.write(() => {
        const offsets = offsetsOf(database, groupId);
        const stands = offsets.read(partition);
        if (stands === undefined) return { kind: 'absent' };
        const isOwn = stands.ownerMemberId === memberId;
        const later = stands.ownerEpoch < epoch || (stands.ownerEpoch === epoch && isOwn);
        if (!later) return { kind: 'refused', offset: stands };
        const claimed = { ...stands, ownerEpoch: epoch, ownerMemberId: memberId };
        return { kind: 'claimed', offset: offsets.put(claimed) };
      }),

    claimFirst: ({ groupId, memberId, epoch, partition }) =>
      database.write(() => {
        const offsets = offsetsOf(database, groupId);
        const member = readMember(database, { groupId, memberId });
        const memberLives = member?.status === 'live' && member.published.epoch === epoch;
        if (!memberLives) return { kind: 'refused', member };
        if (offsets.read(partition) !== undefined) return { kind: 'exists' };
        const owner = { ownerEpoch: epoch, ownerMemberId: memberId };
        return { kind: 'claimed', offset: offsets.put({ ...partition, ...owner, counter: 0 }) };
      }),

    raiseOffsetOwner: ({ groupId, partition, epoch }) =>
      database.write(() => {
        const offsets = offsetsOf(database, groupId);
        const stands = offsets.read(partition);
        if (stands === undefined || stands.ownerEpoch > epoch) return 'refused';
        const { ownerMemberId: _, ...rest } = stands;
        offsets.put({ ...rest, ownerEpoch: epoch });
        return 'raised';
      }),
  };
}

function commits(database: Database, nowMs: () => number): Commits {
  return {
    async commitOffset(request) {
      assertMetadata(request.metadata);
      const { groupId, partition, offset, metadata, counter } = request;
      return await database.write(() => {
        const offsets = offsetsOf(database, groupId);
        const stands = offsets.read(partition);
        if (stands === undefined || !mayCommit(stands, request)) {
          return { kind: 'refused', offset: stands };
        }
        const committed = { offset, metadata, committedAtMs: nowMs() };
        const next = { ...stands, counter: counter ?? stands.counter + 1, committed };
        return { kind: 'committed', offset: offsets.put(next) };
      });
    },

    async commitWhileEmpty({ groupId, groupVersion, epoch, offsets: wanted }) {
      assert(wanted.length > 0, 'there are offsets to commit');
      assert(
        wanted.length <= OFFSETS_PER_TRANSACTION_MAX,
        `a transaction commits at most ${OFFSETS_PER_TRANSACTION_MAX} offsets`,
      );
      for (const { metadata } of wanted) assertMetadata(metadata);
      return await database.write(() => {
        const offsets = offsetsOf(database, groupId);
        const unchanged = readGroup(database, groupId)?.version === groupVersion;
        const notLater = wanted.every(
          ({ partition }) => (offsets.read(partition)?.ownerEpoch ?? epoch) <= epoch,
        );
        if (!unchanged || !notLater) return 'group-changed';
        for (const { partition, offset, metadata } of wanted) {
          const counter = (offsets.read(partition)?.counter ?? 0) + 1;
          const committed = { offset, metadata, committedAtMs: nowMs() };
          offsets.put({ ...partition, ownerEpoch: epoch, counter, committed });
        }
        return 'committed';
      });
    },
  };
}

function mayCommit(stands: OffsetItem, request: CommitRequest): boolean {
  const owner = stands.ownerMemberId === request.memberId;
  const adopted = stands.ownerEpoch <= request.memberEpoch;
  const newer = request.counter === undefined || stands.counter < request.counter;
  return owner && adopted && newer;
}

function assertMetadata(metadata: string): void {
  assert(
    Buffer.byteLength(metadata) <= OFFSET_METADATA_BYTES_MAX,
    `metadata takes at most ${OFFSET_METADATA_BYTES_MAX} bytes`,
  );
}

/** Where a list goes on: no topic id holds a `#`. */
function encodePlace({ topicId, partition }: TopicPartition): string {
  return `${topicId}#${partition}`;
}

function decodePlace(place: string): TopicPartition {
  const [topicId = '', partition = ''] = place.split('#');
  return { topicId, partition: Number(partition) };
}
