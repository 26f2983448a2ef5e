import { describe, expect, it } from 'vitest';
import { INCARNATION_STEP, type MemberItem } from '../../lib/group/member.ts';
import type { OffsetItem } from '../../lib/group/offset.ts';
import type { Head, Page } from '../../lib/log/partition.ts';
import type { Topic } from '../../lib/log/topic.ts';
import { decodeHead, encodeHead } from '../../lib/storage/aws/items-head.ts';
import { decodeMember, encodeMember } from '../../lib/storage/aws/items-member.ts';
import { decodeOffset, encodeOffset } from '../../lib/storage/aws/items-offset.ts';
import { decodePage, encodePage } from '../../lib/storage/aws/items-page.ts';
import { decodeTopic, encodeTopic } from '../../lib/storage/aws/items-topic.ts';
import { arbitraryEntry, arbitraryUlid } from '../support/arbitrary-entries.ts';
import { fc } from '../support/property.ts';

const PARTITION = { topicId: 'hjFfPL8xSwuJqPDSlNYsVg', partition: 0 };

const arbitraryOffset = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });

const arbitraryState = fc.record({
  producerEpoch: fc.integer({ min: 0, max: 32_767 }),
  lastSequence: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  lastOffset: arbitraryOffset,
});

const arbitraryHead: fc.Arbitrary<Head> = fc.record({
  nextOffset: arbitraryOffset,
  logStartOffset: arbitraryOffset,
  floor: arbitraryUlid,
  tailBase: arbitraryOffset,
  rolledMaxTimestampMs: fc.maxSafeInteger(),
  rolledBytes: fc.maxSafeNat(),
  tail: fc.array(arbitraryEntry),
  producers: fc
    .uniqueArray(fc.tuple(arbitraryOffset, arbitraryState), { selector: ([id]) => id })
    .map((states) => new Map(states)),
  evictions: fc.nat(),
});

const arbitraryPage: fc.Arbitrary<Page> = fc.record({
  baseOffset: arbitraryOffset,
  endOffset: arbitraryOffset,
  entries: fc.array(arbitraryEntry),
  maxTimestampMs: fc.maxSafeInteger(),
  bytesBefore: fc.maxSafeNat(),
});

const arbitraryTopicName = fc.stringMatching(/^[a-zA-Z0-9._-]{1,249}$/);

const arbitraryTopic: fc.Arbitrary<Topic> = fc.record({
  name: arbitraryTopicName,
  topicId: fc.string(),
  state: fc.constantFrom('active', 'deleting'),
  partitionCount: fc.nat(),
  configs: fc.dictionary(fc.stringMatching(/^[a-z.]{1,40}$/), fc.string()),
  createdAtMs: fc.maxSafeNat(),
  version: fc.nat(),
});

const arbitraryText = fc.string({ minLength: 1, maxLength: 255, unit: 'grapheme' });
const arbitraryTopicId = fc.stringMatching(/^[a-zA-Z0-9_-]{22}$/);
const arbitraryPartition = fc.nat({ max: 9_999 });

const arbitraryMember: fc.Arbitrary<MemberItem> = fc
  .record(
    {
      groupId: arbitraryText,
      memberId: arbitraryText,
      topicNames: fc.uniqueArray(arbitraryTopicName, { maxLength: 5 }),
      topicRegex: arbitraryText,
      principal: arbitraryText,
      instanceId: arbitraryText,
      clientId: arbitraryText,
      assignor: fc.constantFrom('uniform', 'range', 'roundrobin'),
      sessionTimeoutMs: fc.nat(),
      rebalanceTimeoutMs: fc.nat(),
      status: fc.constantFrom('live', 'away', 'fenced'),
      fence: fc.constantFrom('left', 'expired', 'replaced'),
      joinEpoch: fc.nat(),
      counter: fc.nat({ max: 1_000 }).map((incarnation) => incarnation * INCARNATION_STEP + 5),
      leaseExpiresAtMs: fc.maxSafeNat(),
      revokeByMs: fc.maxSafeNat(),
      published: fc.record({
        epoch: fc.nat(),
        phase: fc.constantFrom('stable', 'unrevoked', 'unreleased'),
        assignment: fc.array(
          fc.record({
            topicId: arbitraryTopicId,
            topicName: arbitraryTopicName,
            partitions: fc
              .uniqueArray(arbitraryPartition, { minLength: 1 })
              .map((partitions) => partitions.sort((one, other) => one - other)),
          }),
          { maxLength: 3 },
        ),
      }),
    },
    {
      requiredKeys: [
        'groupId',
        'memberId',
        'topicNames',
        'sessionTimeoutMs',
        'rebalanceTimeoutMs',
        'status',
        'joinEpoch',
        'counter',
        'leaseExpiresAtMs',
        'published',
      ],
    },
  )
  .map(({ topicNames, topicRegex, principal, ...member }) => ({
    ...member,
    subscription: {
      topicNames,
      ...(topicRegex === undefined ? {} : { topicRegex }),
      ...(principal === undefined ? {} : { principal }),
    },
  }));

const arbitraryOffsetItem: fc.Arbitrary<OffsetItem> = fc.record(
  {
    topicId: arbitraryTopicId,
    partition: arbitraryPartition,
    topicName: arbitraryTopicName,
    ownerEpoch: fc.nat(),
    ownerMemberId: arbitraryText,
    counter: fc.maxSafeNat(),
    committed: fc.record({
      offset: arbitraryOffset,
      metadata: fc.string({ unit: 'grapheme' }),
      committedAtMs: fc.maxSafeNat(),
    }),
  },
  { requiredKeys: ['topicId', 'partition', 'topicName', 'ownerEpoch', 'counter'] },
);

describe('DynamoDB items', () => {
  it('give back every head', () => {
    fc.assert(
      fc.property(arbitraryHead, (head) => {
        expect(decodeHead(encodeHead(PARTITION, head))).toEqual(head);
      }),
    );
  });

  it('give back every page', () => {
    fc.assert(
      fc.property(arbitraryPage, (page) => {
        expect(decodePage(encodePage(PARTITION, page))).toEqual(page);
      }),
    );
  });

  it('sort pages as their offsets do', () => {
    fc.assert(
      fc.property(arbitraryPage, arbitraryPage, (one, other) => {
        const [a, b] = [one, other].map((page) => encodePage(PARTITION, page).sk?.S ?? '');
        expect((a ?? '') < (b ?? '')).toBe(one.baseOffset < other.baseOffset);
      }),
    );
  });

  it('give back every topic', () => {
    fc.assert(
      fc.property(arbitraryTopic, (topic) => {
        expect(decodeTopic(encodeTopic(topic))).toEqual({
          ...topic,
          configs: { ...topic.configs },
        });
      }),
    );
  });

  it('give back every member', () => {
    fc.assert(
      fc.property(arbitraryMember, (member) => {
        expect(decodeMember(encodeMember(member))).toEqual(member);
      }),
    );
  });

  it('give back every offset', () => {
    fc.assert(
      fc.property(arbitraryOffsetItem, (item) => {
        expect(decodeOffset(encodeOffset('group', item))).toEqual(item);
      }),
    );
  });
});
