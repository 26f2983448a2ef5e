import { describe, expect, it } from 'vitest';
import { walKey } from '../../../lib/log/keys.ts';
import {
  parseSegmentKey,
  parseWalKey,
  partitionObjectsPrefix,
  retiredIdOf,
  retiredSortKey,
  segmentBaseOffset,
  segmentKey,
  segmentKeys,
  segmentSortKey,
  walPrefixes,
} from '../../../lib/log/segment-keys.ts';
import { ulid } from '../../support/log.ts';

const PARTITION = { topicId: 'AAAAAAAAQACAAAAAAAAAAA', partition: 12 };
const ADDRESS = { partition: PARTITION, segmentId: ulid(5), baseOffset: 1_234n };

describe('segmentKey', () => {
  it('names files as Kafka does, below the attempt', () => {
    expect(segmentKeys(ADDRESS)).toEqual(
      ['log', 'index', 'timeindex'].map(
        (file) => `log/AAAAAAAAQACAAAAAAAAAAA/12/${ulid(5)}/00000000000000001234.${file}`,
      ),
    );
  });

  it('is read back', () => {
    for (const key of segmentKeys(ADDRESS)) expect(parseSegmentKey(key)).toEqual(ADDRESS);
  });

  it('lies below its partition’s prefix, and no other’s', () => {
    const key = segmentKey(ADDRESS, 'log');
    expect(key.startsWith(partitionObjectsPrefix(PARTITION))).toBe(true);
    expect(key.startsWith(partitionObjectsPrefix({ ...PARTITION, partition: 1 }))).toBe(false);
  });

  it.each(['log/x', 'wal/00/a', `log/AAAAAAAAQACAAAAAAAAAAA/12/${ulid(5)}/1.log`, ''])(
    'is not what "%s" is',
    (key) => expect(parseSegmentKey(key)).toBeUndefined(),
  );
});

describe('segmentSortKey', () => {
  it('sorts as offsets do and is read back', () => {
    const offsets = [0n, 9n, 10n, 2n ** 53n, 2n ** 63n - 1n];
    const keys = offsets.map(segmentSortKey);
    expect([...keys].sort()).toEqual(keys);
    expect(keys.map(segmentBaseOffset)).toEqual(offsets);
  });
});

describe('retiredSortKey', () => {
  it('sorts by time and is read back', () => {
    expect(retiredSortKey(ulid(1)) < retiredSortKey(ulid(2))).toBe(true);
    expect(retiredIdOf(retiredSortKey(ulid(3)))).toBe(ulid(3));
  });
});

describe('parseWalKey', () => {
  it('gives the object id of a WAL object and of nothing else', () => {
    expect(parseWalKey(walKey(ulid(77)))).toBe(ulid(77));
    for (const key of ['wal/00/x', segmentKey(ADDRESS, 'log'), 'wal/']) {
      expect(parseWalKey(key)).toBeUndefined();
    }
  });
});

describe('walPrefixes', () => {
  it('are all that WAL objects lie below', () => {
    const prefixes = walPrefixes();
    expect(new Set(prefixes).size).toBe(256);
    for (let number = 0; number < 100; number += 1) {
      const key = walKey(ulid(number * 31));
      expect(prefixes.filter((prefix) => key.startsWith(prefix)).length).toBe(1);
    }
  });
});
