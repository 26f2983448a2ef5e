import { describe, expect, it } from 'vitest';
import {
  decodeFetchFrames,
  decodeFrames,
  encodeFetchFrameHead,
  encodeFrames,
} from '../../../lib/record/frames.ts';
import { fc } from '../../support/property.ts';

const frames = fc.array(
  fc.record({
    topicName: fc.string({ maxLength: 20 }).filter((name) => name.isWellFormed()),
    partition: fc.integer(),
    batches: fc.uint8Array({ maxLength: 50 }),
  }),
  { maxLength: 5 },
);
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

describe('decodeFrames', () => {
  it('gives back what was encoded', () => {
    fc.assert(
      fc.property(frames, (some) => {
        const decoded = decodeFrames(encodeFrames(some));
        expect(decoded).toEqual(some);
      }),
    );
  });

  it('refuses a body that is cut off anywhere, and lengths that lie', () => {
    const body = encodeFrames([{ topicName: 'orders', partition: 1, batches: new Uint8Array(9) }]);
    for (let length = 1; length < body.length; length += 1) {
      expect(() => decodeFrames(body.subarray(0, length))).toThrow(/cut off or no frame/);
    }
    const negative = Uint8Array.from(body);
    negative[0] = 0xff;
    expect(() => decodeFrames(negative)).toThrow(/cut off or no frame/);
  });
});

describe('decodeFetchFrames', () => {
  it('gives back what was encoded', () => {
    const frame = fc.record({
      topicName: fc.string({ maxLength: 20 }).filter((name) => name.isWellFormed()),
      partition: int32,
      kafkaErrorCode: fc.integer({ min: -1, max: 200 }),
      message: fc.string({ maxLength: 20 }).filter((message) => message.isWellFormed()),
      highWatermark: int64,
      logStartOffset: int64,
      nextOffset: int64,
      batches: fc.uint8Array({ maxLength: 50 }),
    });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 4 }), (some) => {
        const body = Buffer.concat(
          some.flatMap((one) => [encodeFetchFrameHead(one, one.batches.length), one.batches]),
        );
        const decoded = decodeFetchFrames(body).map((one) => ({
          ...one,
          batches: Uint8Array.from(one.batches),
        }));
        expect(decoded).toEqual(some);
      }),
    );
  });
});
