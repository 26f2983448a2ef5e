import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Head, Page } from '../../lib/log/partition.ts';
import type { Topic } from '../../lib/log/topic.ts';
import { decodeHead, encodeHead } from '../../lib/storage/aws/items-head.ts';
import { decodePage, encodePage } from '../../lib/storage/aws/items-page.ts';
import { decodeTopic, encodeTopic } from '../../lib/storage/aws/items-topic.ts';
import { arbitraryEntry, arbitraryUlid } from '../support/arbitrary-entries.ts';

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

const arbitraryTopic: fc.Arbitrary<Topic> = fc.record({
  name: fc.stringMatching(/^[a-zA-Z0-9._-]{1,249}$/),
  topicId: fc.string(),
  state: fc.constantFrom('active', 'deleting'),
  partitionCount: fc.nat(),
  configs: fc.dictionary(fc.stringMatching(/^[a-z.]{1,40}$/), fc.string()),
  createdAtMs: fc.maxSafeNat(),
  version: fc.nat(),
});

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
});
