import { describe, expect, it } from 'vitest';
import { ulidOf } from '../../../../lib/ids.ts';
import { encodeEntries } from '../../../../lib/log/entry-codec.ts';
import type { Page } from '../../../../lib/log/partition.ts';
import { decodePage, encodePage } from '../../../../lib/storage/aws/items-page.ts';

const PARTITION = { topicId: 'hjFfPL8xSwuJqPDSlNYsVg', partition: 2 };
const PAGE: Page = {
  baseOffset: 2n ** 60n,
  endOffset: 2n ** 60n + 5n,
  entries: [
    {
      objectId: ulidOf(1_800_000_000_000, new Uint8Array(10)),
      positionBytes: 0,
      lengthBytes: 100,
      recordCount: 5,
      maxTimestampMs: -1,
    },
  ],
  maxTimestampMs: -1,
  bytesBefore: 2 ** 50,
};

describe('encodePage', () => {
  it('sorts by base offset, as text', () => {
    const { entries, ...attributes } = encodePage(PARTITION, PAGE);
    expect(entries).toEqual({ B: encodeEntries(PAGE.entries) });
    expect(attributes).toEqual({
      pk: { S: 'hjFfPL8xSwuJqPDSlNYsVg/2' },
      sk: { S: 'PAGE#01152921504606846976' },
      end: { N: '1152921504606846981' },
      maxTime: { N: '-1' },
      bytesBefore: { N: '1125899906842624' },
    });
  });
});

describe('decodePage', () => {
  it('reads back every field', () => {
    expect(decodePage(encodePage(PARTITION, PAGE))).toEqual(PAGE);
  });

  it('refuses an item that is no page', () => {
    const item = { ...encodePage(PARTITION, PAGE), sk: { S: 'LOG' } };
    expect(() => decodePage(item)).toThrow("a page's key");
  });
});
