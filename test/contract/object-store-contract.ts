// What every ObjectStore must do; each adapter's runner calls this. References have a suite of their own, because a
// store inside one process has nobody to serve them.

import { beforeEach, describe, expect, it } from 'vitest';
import { required } from '../../lib/assert.ts';
import { REFERENCE_LIFETIME_MS, REQUEST_BYTES_MAX } from '../../lib/limits.ts';
import { walKey } from '../../lib/log/keys.ts';
import type { RangeReference } from '../../lib/log/object-range.ts';
import type { ObjectStore } from '../../lib/ports/object-store.ts';
import { numbersTo, objectIdOf } from './contract-values.ts';

/** A store in which nothing is stored. */
export type MakeObjectStore = () => Promise<ObjectStore>;

const KEY = walKey(objectIdOf(1));
const HELLO = Buffer.from('hello, world');

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

export function objectStoreContract(makeStore: MakeObjectStore): void {
  let store: ObjectStore;

  beforeEach(async () => {
    store = await makeStore();
  });

  const put = async (text: string, nonce = 'nonce-a', key = KEY) =>
    await store.putObject({ key, chunks: [bytesOf(text)], nonce });

  const readText = async (positionBytes: number, lengthBytes: number, key = KEY) => {
    const bytes = await store.getRange({ key, positionBytes, lengthBytes });
    return bytes === undefined ? undefined : Buffer.from(bytes).toString();
  };

  describe('putObject', () => {
    it('stores chunks back to back', async () => {
      const chunks = ['hello', '', ', ', 'world'].map(bytesOf);
      expect(await store.putObject({ key: KEY, chunks, nonce: 'n' })).toEqual({ kind: 'stored' });
      expect(await readText(0, HELLO.length)).toBe('hello, world');
    });

    it('never replaces an object', async () => {
      await put('first', 'nonce-a');
      expect(await put('other', 'nonce-b')).toEqual({ kind: 'exists', own: false });
      expect(await readText(0, 5)).toBe('first');
    });

    it('knows its own earlier try by the nonce (no-double-append)', async () => {
      await put('first', 'nonce-a');
      expect(await put('first', 'nonce-a')).toEqual({ kind: 'exists', own: true });
    });

    it('lets one of 10 rivals write', async () => {
      const outcomes = await Promise.all(
        numbersTo(10).map(async (number) => await put(`rival ${number}`, `nonce-${number}`)),
      );
      expect(outcomes.filter(({ kind }) => kind === 'stored').length).toBe(1);
      for (const outcome of outcomes) {
        if (outcome.kind === 'exists') expect(outcome.own).toBe(false);
      }
      const winner = outcomes.findIndex(({ kind }) => kind === 'stored');
      expect(await readText(0, 7)).toBe(`rival ${winner}`);
    });

    it('keeps objects of different keys apart', async () => {
      const other = walKey(objectIdOf(2));
      await put('first');
      await put('other', 'nonce-a', other);
      expect(await readText(0, 5)).toBe('first');
      expect(await readText(0, 5, other)).toBe('other');
    });

    it('takes a whole request of the largest size', async () => {
      const bytes = new Uint8Array(REQUEST_BYTES_MAX).map((_, index) => index % 251);
      await store.putObject({ key: KEY, chunks: [bytes], nonce: 'n' });
      const tail = { key: KEY, positionBytes: REQUEST_BYTES_MAX - 1_000, lengthBytes: 1_000 };
      const read = required(await store.getRange(tail), 'the range');
      expect(Buffer.from(read).equals(bytes.subarray(-1_000))).toBe(true);
    });
  });

  describe('getRange', () => {
    it('gives exactly the bytes asked for, at either end and between', async () => {
      await put('hello, world');
      expect(await readText(0, 12)).toBe('hello, world');
      expect(await readText(0, 1)).toBe('h');
      expect(await readText(7, 5)).toBe('world');
      expect(await readText(11, 1)).toBe('d');
      expect(await readText(3, 4)).toBe('lo, ');
    });

    it('gives bytes as they were, whatever they are', async () => {
      const bytes = Uint8Array.from(numbersTo(256));
      await store.putObject({ key: KEY, chunks: [bytes], nonce: 'n' });
      const read = await store.getRange({ key: KEY, positionBytes: 0, lengthBytes: 256 });
      expect(Buffer.from(required(read, 'the range')).equals(bytes)).toBe(true);
    });

    it('gives undefined for an object that is not there', async () => {
      expect(await readText(0, 1)).toBeUndefined();
    });

    it('fails when the object ends before the range does', async () => {
      await put('hello, world');
      const corrupt = { code: 'CORRUPT_MESSAGE' };
      await expect(readText(7, 6)).rejects.toMatchObject(corrupt);
      await expect(readText(12, 1)).rejects.toMatchObject(corrupt);
      await expect(readText(500, 1)).rejects.toMatchObject(corrupt);
    });
  });
}

/** `makeStore`'s references must be open to a plain HTTP client. */
export function objectReferenceContract(makeStore: MakeObjectStore): void {
  describe('referenceRange', () => {
    let store: ObjectStore;
    let reference: RangeReference;
    let nowMs: number;

    beforeEach(async () => {
      store = await makeStore();
      await store.putObject({ key: KEY, chunks: [bytesOf('hello, world')], nonce: 'n' });
      nowMs = Date.now();
      reference = await store.referenceRange({ key: KEY, positionBytes: 7, lengthBytes: 5 }, nowMs);
    });

    it('opens its bytes to a plain HTTP client', async () => {
      const response = await fetch(reference.url, { headers: reference.headers });
      expect(response.status).toBe(206);
      expect(await response.text()).toBe('world');
    });

    it('opens no other bytes of the object', async () => {
      for (const range of ['bytes=0-4', 'bytes=0-11', 'bytes=7-12']) {
        const response = await fetch(reference.url, { headers: { range } });
        expect([400, 403]).toContain(response.status);
        expect(await response.text()).not.toContain('hello');
      }
      const whole = await fetch(reference.url);
      expect([400, 403]).toContain(whole.status);
      expect(await whole.text()).not.toContain('hello');
    });

    it('opens no other object', async () => {
      const other = walKey(objectIdOf(2));
      await store.putObject({ key: other, chunks: [bytesOf('secret, secret')], nonce: 'n' });
      const url = reference.url.replace(KEY, other);
      expect(url).not.toBe(reference.url);
      const response = await fetch(url, { headers: reference.headers });
      expect([400, 403, 404]).toContain(response.status);
      expect(await response.text()).not.toContain('secret, secret');
    });

    it('says when it expires, no later than a reference lives', () => {
      expect(reference.expiresAtMs).toBeGreaterThan(nowMs);
      expect(reference.expiresAtMs).toBeLessThanOrEqual(nowMs + REFERENCE_LIFETIME_MS);
    });

    it('signs for objects that are not there, and they are not found', async () => {
      const range = { key: walKey(objectIdOf(3)), positionBytes: 0, lengthBytes: 1 };
      const missing = await store.referenceRange(range, nowMs);
      const response = await fetch(missing.url, { headers: missing.headers });
      expect(response.status).toBe(404);
      await response.body?.cancel();
    });
  });
}
