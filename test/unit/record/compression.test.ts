import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { StratalogError } from '../../../lib/errors.ts';
import { COMPRESSION_KINDS, type CompressionKind } from '../../../lib/record/batch.ts';
import { compress, decompress } from '../../../lib/record/compression.ts';
import { xxhash32 } from '../../../lib/record/xxhash32.ts';
import { committedLz4ModuleText, lz4ModuleText } from '../../support/codecs/assemble-lz4.ts';

const MIB = 1024 * 1024;
const CODECS = COMPRESSION_KINDS.filter((kind) => kind !== 'none');
const text = Buffer.from('append, read, commit and append again; '.repeat(3000));
const noise = Buffer.from(
  Array.from({ length: 70_000 }, (_, index) => Math.imul(index ^ 0x5bd1e995, 0x9e3779b1) >>> 13),
);

function failure(kind: CompressionKind, bytes: Uint8Array, bytesMax = MIB): string {
  try {
    decompress(kind, bytes, bytesMax);
  } catch (error) {
    if (error instanceof StratalogError) return error.code;
    throw error;
  }
  return 'none';
}

describe('compress and decompress', () => {
  for (const kind of COMPRESSION_KINDS) {
    it(`bring back what was there (${kind})`, () => {
      const mixed = Buffer.concat([text, noise, Buffer.alloc(5 * MIB), text]);
      for (const bytes of [Buffer.alloc(0), Buffer.from('x'), text, noise, mixed]) {
        const content = decompress(kind, compress(kind, bytes), 8 * MIB);
        expect(Buffer.compare(content, bytes)).toBe(0);
      }
    });
  }

  for (const kind of CODECS) {
    it(`make text smaller (${kind})`, () => {
      expect(compress(kind, text).length).toBeLessThan(text.length / 5);
    });

    it(`hand back exactly the bound, and refuse one byte more (${kind})`, () => {
      const compressed = compress(kind, text);
      expect(decompress(kind, compressed, text.length)).toHaveLength(text.length);
      expect(failure(kind, compressed, text.length - 1)).toBe('MESSAGE_TOO_LARGE');
    });

    it(`refuse a bomb before it takes the memory it claims (${kind})`, () => {
      const bomb = compress(kind, Buffer.alloc(48 * MIB));
      const before = process.memoryUsage();
      expect(failure(kind, bomb)).toBe('MESSAGE_TOO_LARGE');
      const after = process.memoryUsage();
      expect(after.external - before.external).toBeLessThan(16 * MIB);
    });

    it(`refuse bytes that are cut off anywhere or are none of theirs (${kind})`, () => {
      const compressed = compress(
        kind,
        Buffer.from('a record, a record, a record and another one'),
      );
      for (let length = 0; length < compressed.length; length += 1) {
        // After its header a xerial frame is whole: it holds no chunk yet.
        if (kind === 'snappy' && length === 16) continue;
        expect(failure(kind, compressed.subarray(0, length))).toBe('CORRUPT_MESSAGE');
      }
      expect(failure(kind, Buffer.alloc(40, 0xaa))).toBe('CORRUPT_MESSAGE');
    });
  }
});

describe('what other libraries write', () => {
  const folder = new URL('../../vectors/codecs/', import.meta.url);
  const vectors = JSON.parse(readFileSync(new URL('manifest.json', folder), 'utf8')) as readonly {
    readonly file: string;
    readonly kind: CompressionKind;
    readonly length: number;
    readonly sha256: string;
  }[];

  for (const { file, kind, length, sha256 } of vectors) {
    it(`is read: ${file}`, () => {
      const content = decompress(kind, readFileSync(new URL(file, folder)), MIB);
      expect(content).toHaveLength(length);
      expect(createHash('sha256').update(content).digest('hex')).toBe(sha256);
    });
  }

  for (const { file } of vectors.filter(({ kind }) => kind === 'lz4')) {
    it(`is refused when a byte of it has changed: ${file}`, () => {
      const bytes = readFileSync(new URL(file, folder));
      for (const position of [4, 5, 6, Math.floor(bytes.length / 2), bytes.length - 1]) {
        const changed = Buffer.from(bytes);
        changed.writeUInt8(changed.readUInt8(position) ^ 1, position);
        expect(failure('lz4', changed)).toBe('CORRUPT_MESSAGE');
      }
    });
  }
});

describe('an LZ4 frame', () => {
  const header = (flags: number, block = 0x40) => {
    const bytes = Buffer.from([4, 0x22, 0x4d, 0x18, flags, block, 0]);
    bytes.writeUInt8((xxhash32(bytes.subarray(4, 6)) >>> 8) & 0xff, 6);
    return bytes;
  };
  const block = (...bytes: readonly number[]) => Buffer.from([bytes.length, 0, 0, 0, ...bytes]);
  const frame = (...blocks: readonly Buffer[]) =>
    Buffer.concat([header(0x60), ...blocks, Buffer.alloc(4)]);

  it('holds sequences of literals and matches', () => {
    const content = decompress('lz4', frame(block(0x24, 97, 98, 2, 0, 0x50, 1, 2, 3, 4, 5)), 100);
    expect([...content]).toEqual([...Buffer.from('ababababab'), 1, 2, 3, 4, 5]);
  });

  it('repeats any period', () => {
    for (let period = 1; period < 40; period += 1) {
      const content = Buffer.from(Array.from({ length: 600 }, (_, index) => (index % period) * 3));
      expect(Buffer.compare(decompress('lz4', compress('lz4', content), 600), content)).toBe(0);
    }
  });

  it.each([
    ['a match before the content', frame(block(0x10, 97, 2, 0, 0x00))],
    ['a match at distance 0', frame(block(0x10, 97, 0, 0, 0x00))],
    ['a match cut off', frame(block(0x10, 97, 1))],
    ['a match as its end', frame(block(0x10, 97, 1, 0))],
    ['a length cut off', frame(block(0xf0, 255))],
    ['a match length cut off', frame(block(0x1f, 97, 1, 0, 255))],
    ['literals cut off', frame(block(0x50, 97))],
    ['a block larger than it says', Buffer.concat([header(0x60), Buffer.from([1, 0, 1, 0])])],
    ['version 0', Buffer.concat([header(0x20), Buffer.alloc(4)])],
    ['a dictionary', Buffer.concat([header(0x61), Buffer.alloc(4)])],
    ['block size 3', Buffer.concat([header(0x60, 0x30), Buffer.alloc(4)])],
    ['reserved bits', Buffer.concat([header(0x60, 0x41), Buffer.alloc(4)])],
    ['bytes behind it', Buffer.concat([frame(), Buffer.alloc(1)])],
    ['a content size cut off', header(0x68)],
  ])('is refused with %s', (_, bytes) => {
    expect(failure('lz4', bytes)).toBe('CORRUPT_MESSAGE');
  });

  it('is refused with a block that holds more than its frame says', () => {
    const big = compress('lz4', Buffer.alloc(200_000));
    const small = Buffer.concat([header(0x60), big.subarray(7)]);
    expect(failure('lz4', small)).toBe('CORRUPT_MESSAGE');
  });

  it('is refused with a content size that is not its content’s', () => {
    const sized = (size: number) => {
      const bytes = Buffer.concat([
        header(0x68),
        Buffer.alloc(8),
        block(0x10, 97),
        Buffer.alloc(4),
      ]);
      bytes.writeBigUInt64LE(BigInt(size), 6);
      bytes.writeUInt8((xxhash32(bytes.subarray(4, 14)) >>> 8) & 0xff, 14);
      return bytes;
    };
    expect([...decompress('lz4', sized(1), 100)]).toEqual([97]);
    expect(failure('lz4', sized(2))).toBe('CORRUPT_MESSAGE');
    expect(failure('lz4', sized(2 ** 40))).toBe('MESSAGE_TOO_LARGE');
  });

  it('runs in the module that its source assembles to', async () => {
    expect(committedLz4ModuleText()).toBe(await lz4ModuleText());
  });
});

describe('a snappy block', () => {
  it('holds literals and copies of every form', () => {
    const bytes = Buffer.from([
      ...[20, (4 - 1) << 2, 97, 98, 99, 100], // literal abcd
      ...[1 | (0 << 2), 4], // 4 bytes, 4 back
      ...[2 | ((4 - 1) << 2), 8, 0], // 4 bytes, 8 back
      ...[3 | ((4 - 1) << 2), 1, 0, 0, 0], // 4 bytes, 1 back
      ...[60 << 2, 3, 101, 102, 103, 104], // literal whose length has a byte of its own
    ]);
    expect(decompress('snappy', bytes, 20).toString()).toBe('abcdabcdabcdddddefgh');
  });

  it.each([
    ['no length', [0x80, 0x80, 0x80, 0x80, 0x80, 1]],
    ['a size that its bytes can not give', [0xff, 0xff, 0x03, 0]],
    ['a copy from nowhere', [4, 0, 97, 1, 0]],
    ['a copy before the content', [5, 0, 97, 1, 2]],
    ['more than it says', [1, 1 << 2, 97, 98]],
    ['less than it says', [3, 1 << 2, 97, 98]],
    ['a literal cut off', [3, 2 << 2, 97, 98]],
    ['an offset cut off', [5, 0, 97, 2, 1]],
  ])('is refused with %s', (_, bytes) => {
    expect(failure('snappy', Buffer.from(bytes))).toBe('CORRUPT_MESSAGE');
  });

  it('is refused in a frame whose chunk has no such length', () => {
    const frame = compress('snappy', Buffer.from('abc'));
    frame[16] = 0x80;
    expect(failure('snappy', frame)).toBe('CORRUPT_MESSAGE');
  });
});

describe('gzip', () => {
  it('is refused without its header, and with a wrong checksum', () => {
    expect(failure('gzip', deflateRawSync(text))).toBe('CORRUPT_MESSAGE');
    const bytes = gzipSync(text);
    bytes.writeUInt32LE(0, bytes.length - 8);
    expect(failure('gzip', bytes)).toBe('CORRUPT_MESSAGE');
  });
});

describe('xxhash32', () => {
  it('gives the published values', () => {
    expect(xxhash32(Buffer.from(''))).toBe(0x02cc5d05);
    expect(xxhash32(Buffer.from('abc'))).toBe(0x32d153ff);
    expect(xxhash32(Buffer.from('Nobody inspects the spammish repetition'))).toBe(0xe2293b2f);
  });
});
