// Arbitrary tail entries for property tests: every field over its whole range.

import fc from 'fast-check';
import { ULID_RANDOM_BYTES, ulidOf } from '../../lib/ids.ts';
import type { TailEntry } from '../../lib/log/partition.ts';

export const arbitraryUlid: fc.Arbitrary<string> = fc
  .tuple(
    fc.integer({ min: 0, max: 2 ** 48 - 1 }),
    fc.uint8Array({ minLength: ULID_RANDOM_BYTES, maxLength: ULID_RANDOM_BYTES }),
  )
  .map(([timeMs, random]) => ulidOf(timeMs, random));

const arbitraryProducer = fc.record({
  producerId: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
  producerEpoch: fc.integer({ min: 0, max: 32_767 }),
  baseSequence: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
});

export const arbitraryEntry: fc.Arbitrary<TailEntry> = fc
  .record(
    {
      objectId: arbitraryUlid,
      positionBytes: fc.nat(),
      lengthBytes: fc.integer({ min: 61, max: 2 ** 31 - 1 }),
      recordCount: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      maxTimestampMs: fc.maxSafeInteger(),
      producer: arbitraryProducer,
    },
    {
      requiredKeys: ['objectId', 'positionBytes', 'lengthBytes', 'recordCount', 'maxTimestampMs'],
    },
  )
  .map(({ producer, ...entry }) => (producer === undefined ? entry : { ...entry, producer }));
