import { describe, expect, it } from 'vitest';
import { murmur2 } from '../../../lib/record/murmur2.ts';
import { partitionForKey, roundRobin } from '../../../lib/record/partitioner.ts';

// What org.apache.kafka.common.utils.Utils of Kafka 4.3.1 gives: murmur2, and toPositive(murmur2) % 6.
const JAVA: readonly (readonly [key: string, hash: number, partitionOfSix: number])[] = [
  ['21', -973932308, 0],
  ['foobar', -790332482, 0],
  ['a-little-bit-long-string', -985981536, 2],
  ['a-little-bit-longer-string', -1486304829, 5],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971, 5],
  ['abc', 479470107, 3],
  ['', 275646681, 3],
  ['a', -1563381124, 4],
  ['ab', 316155434, 2],
  ['größe €', -1195752956, 0],
];

describe('murmur2', () => {
  it('is Kafka’s Java client’s, bit for bit', () => {
    for (const [key, hash] of JAVA) expect(murmur2(Buffer.from(key))).toBe(hash);
    expect(murmur2(Uint8Array.of(0xff, 0x80, 0xfe, 1, 0x90, 0xaa, 0xbb))).toBe(-1710902260);
  });
});

describe('partitionForKey', () => {
  it('puts a key where Kafka’s Java client puts it', () => {
    for (const [key, , partition] of JAVA)
      expect(partitionForKey(Buffer.from(key), 6)).toBe(partition);
  });
});

describe('roundRobin', () => {
  it('gives six records on three partitions two each, in turn', () => {
    const partitions = [0, 1, 2, 3, 4, 5].map((index) =>
      roundRobin({ start: 0, index, partitionCount: 3 }),
    );
    expect(partitions).toEqual([0, 1, 2, 0, 1, 2]);
  });

  it('starts anywhere', () => {
    expect(roundRobin({ start: 4, index: 1, partitionCount: 3 })).toBe(2);
  });
});
