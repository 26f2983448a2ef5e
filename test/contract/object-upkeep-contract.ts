// What every ObjectUpkeep must do; each adapter's runner calls this.

import { beforeEach, describe, expect, it } from 'vitest';
import { required } from '../../lib/assert.ts';
import { UPLOAD_PART_BYTES_MIN } from '../../lib/limits.ts';
import type { ObjectStore } from '../../lib/ports/object-store.ts';
import type { ObjectUpkeep } from '../../lib/ports/object-upkeep.ts';
import { numbersTo } from './contract-values.ts';

/** Two ports over one bucket in which nothing is stored. */
export interface ObjectUpkeepHarness {
  readonly objects: ObjectStore;
  readonly upkeep: ObjectUpkeep;
}

export type MakeObjectUpkeep = () => Promise<ObjectUpkeepHarness>;

const KEY = 'log/AAAAAAAAQACAAAAAAAAAAA/0/01JD0000000000000000000001/00000000000000000000.log';
const PART_BYTES = UPLOAD_PART_BYTES_MIN;

/** Bytes that differ from place to place and from part to part. */
function partOf(number: number, bytes = PART_BYTES): Uint8Array {
  const part = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += 1_000) part[at] = (at / 1_000 + number * 17) % 251;
  return part;
}

export function objectUpkeepContract(makeStore: MakeObjectUpkeep): void {
  let objects: ObjectStore;
  let upkeep: ObjectUpkeep;

  beforeEach(async () => {
    ({ objects, upkeep } = await makeStore());
  });

  const put = async (key: string, text = 'x') =>
    await objects.putObject({ key, chunks: [new Uint8Array(Buffer.from(text))], nonce: 'n' });

  const keysBelow = async (prefix: string, limit = 1_000): Promise<string[]> => {
    const keys: string[] = [];
    let after: string | undefined;
    do {
      const page: Awaited<ReturnType<ObjectUpkeep['listObjects']>> = await upkeep.listObjects({
        prefix,
        limit,
        ...(after === undefined ? {} : { after }),
      });
      keys.push(...page.objects.map(({ key }) => key));
      after = page.next;
    } while (after !== undefined);
    return keys;
  };

  describe('an upload', () => {
    it('becomes one object of its parts, however they arrived', async () => {
      const uploadId = await upkeep.beginUpload({ key: KEY, partBytes: PART_BYTES });
      const sent = [partOf(1), partOf(2), partOf(3, 1_234)];
      const put = async (partNumber: number) =>
        await upkeep.putPart({
          key: KEY,
          uploadId,
          partNumber,
          bytes: required(sent[partNumber - 1], 'a part'),
        });
      const last = await put(3);
      const [first, second] = await Promise.all([put(1), put(2)]);
      expect(
        await objects.getRange({ key: KEY, positionBytes: 0, lengthBytes: 1 }),
      ).toBeUndefined();
      await upkeep.completeUpload({ key: KEY, uploadId, parts: [first, second, last] });
      const whole = Buffer.concat(sent);
      const read = await objects.getRange({
        key: KEY,
        positionBytes: 0,
        lengthBytes: whole.length,
      });
      expect(Buffer.from(required(read, 'the object')).equals(whole)).toBe(true);
      expect((await upkeep.listObjects({ prefix: 'log/', limit: 10 })).objects).toEqual([
        { key: KEY, sizeBytes: whole.length },
      ]);
    });

    it('may send a part again', async () => {
      const uploadId = await upkeep.beginUpload({ key: KEY, partBytes: PART_BYTES });
      await upkeep.putPart({ key: KEY, uploadId, partNumber: 1, bytes: partOf(9, 100) });
      const bytes = partOf(1, 100);
      const part = await upkeep.putPart({ key: KEY, uploadId, partNumber: 1, bytes });
      await upkeep.completeUpload({ key: KEY, uploadId, parts: [part] });
      const read = await objects.getRange({ key: KEY, positionBytes: 0, lengthBytes: 100 });
      expect(Buffer.from(required(read, 'the object')).equals(bytes)).toBe(true);
    });

    it('may be completed again after an answer that was lost', async () => {
      const uploadId = await upkeep.beginUpload({ key: KEY, partBytes: PART_BYTES });
      const part = await upkeep.putPart({
        key: KEY,
        uploadId,
        partNumber: 1,
        bytes: partOf(1, 50),
      });
      const upload = { key: KEY, uploadId, parts: [part] };
      await upkeep.completeUpload(upload);
      await upkeep.completeUpload(upload);
      expect(await keysBelow('log/')).toEqual([KEY]);
    });

    it('leaves nothing when it is given up', async () => {
      const uploadId = await upkeep.beginUpload({ key: KEY, partBytes: PART_BYTES });
      await upkeep.putPart({ key: KEY, uploadId, partNumber: 1, bytes: partOf(1, 50) });
      await upkeep.abortUpload({ key: KEY, uploadId });
      await upkeep.abortUpload({ key: KEY, uploadId });
      expect(await keysBelow('')).toEqual([]);
      expect(await upkeep.listUploads('log/')).toEqual([]);
    });

    it('is listed while it is unfinished', async () => {
      const uploadId = await upkeep.beginUpload({ key: KEY, partBytes: PART_BYTES });
      const [listed] = await upkeep.listUploads('log/');
      expect(listed).toMatchObject({ key: KEY, uploadId });
      expect(listed?.startedAtMs).toBeGreaterThan(Date.now() - 120_000);
      expect(await upkeep.listUploads('wal/')).toEqual([]);
    });
  });

  describe('listObjects', () => {
    it.each([1, 3, 1_000])('lists a prefix in order, %i at a time', async (limit) => {
      const keys = numbersTo(7).map((number) => `wal/0${number}/x${number}`);
      for (const key of [...keys].reverse()) await put(key);
      await put('log/other');
      expect(await keysBelow('wal/', limit)).toEqual(keys);
      expect(await keysBelow('wal/03/', limit)).toEqual(['wal/03/x3']);
      expect(await keysBelow('nothing/', limit)).toEqual([]);
    });

    it('begins behind a key', async () => {
      for (const number of numbersTo(4)) await put(`wal/00/x${number}`);
      const page = await upkeep.listObjects({ prefix: 'wal/00/', after: 'wal/00/x1', limit: 10 });
      expect(page.objects.map(({ key }) => key)).toEqual(['wal/00/x2', 'wal/00/x3']);
    });

    it('says how large they are, small and large ones', async () => {
      await put('wal/00/small', 'hello');
      await put('wal/00/large', 'y'.repeat(100_000));
      const { objects: listed } = await upkeep.listObjects({ prefix: 'wal/', limit: 10 });
      expect(listed).toEqual([
        { key: 'wal/00/large', sizeBytes: 100_000 },
        { key: 'wal/00/small', sizeBytes: 5 },
      ]);
    });
  });

  describe('listFolders', () => {
    it('lists the names right below a prefix, each once', async () => {
      for (const key of ['log/b/0/x', 'log/a/0/x', 'log/b/1/x', 'wal/00/x']) await put(key);
      expect(await upkeep.listFolders({ prefix: 'log/' })).toEqual({ folders: ['a', 'b'] });
      expect(await upkeep.listFolders({ prefix: 'none/' })).toEqual({ folders: [] });
    });
  });

  describe('deleteObjects', () => {
    it('deletes objects, small and large, whether they are there or not', async () => {
      await put('wal/00/a');
      await put('wal/00/b', 'y'.repeat(100_000));
      await put('wal/00/c');
      await upkeep.deleteObjects(['wal/00/a', 'wal/00/b', 'wal/00/none']);
      await upkeep.deleteObjects([]);
      expect(await keysBelow('wal/')).toEqual(['wal/00/c']);
      const range = { key: 'wal/00/b', positionBytes: 0, lengthBytes: 1 };
      expect(await objects.getRange(range)).toBeUndefined();
    });

    it('lets a key be written again', async () => {
      await put('wal/00/a', 'one');
      await upkeep.deleteObjects(['wal/00/a']);
      expect((await put('wal/00/a', 'two')).kind).toBe('stored');
    });
  });
}
