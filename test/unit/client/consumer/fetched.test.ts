import { describe, expect, it } from 'vitest';
import { messagesFrom, placeOffsets } from '../../../../lib/client/consumer/fetched.ts';
import { encodeBatch } from '../../../../lib/record/record.ts';

function batch(baseOffset: bigint, values: readonly string[]): Uint8Array {
  return encodeBatch({
    baseOffset,
    records: values.map((value) => ({ timestamp: 1_000, key: null, value: Buffer.from(value) })),
  });
}

describe('messagesFrom', () => {
  it('leaves out what lies before the offset asked for', () => {
    const bytes = Buffer.concat([batch(10n, ['a', 'b', 'c']), batch(13n, ['d'])]);
    const messages = messagesFrom(bytes, 12);
    expect(messages.map(({ offset, value }) => [offset, value?.toString()])).toEqual([
      ['12', 'c'],
      ['13', 'd'],
    ]);
  });

  it('refuses bytes that are cut off', () => {
    const bytes = Buffer.from(batch(0n, ['a', 'b']));
    expect(() => messagesFrom(bytes.subarray(0, -1), 0)).toThrow(/cut off/);
  });
});

describe('placeOffsets', () => {
  it('counts up from the base offset, batch by batch', () => {
    const bytes = Buffer.concat([batch(0n, ['a', 'b']), batch(0n, ['c'])]);
    placeOffsets(bytes, 100);
    expect(messagesFrom(bytes, 0).map(({ offset }) => offset)).toEqual(['100', '101', '102']);
  });
});
