import { describe, expect, it } from 'vitest';
import { StratalogError } from '../../lib/errors.ts';
import {
  decodeEntries,
  decodeEntry,
  encodeEntries,
  encodeEntry,
} from '../../lib/log/entry-codec.ts';
import { arbitraryEntry } from '../support/arbitrary-entries.ts';
import { fc } from '../support/property.ts';

describe('entry codec', () => {
  it('gives back every entry', () => {
    fc.assert(
      fc.property(arbitraryEntry, (entry) => {
        expect(decodeEntry(encodeEntry(entry))).toEqual(entry);
      }),
    );
  });

  it('gives back every run of entries', () => {
    fc.assert(
      fc.property(fc.array(arbitraryEntry, { maxLength: 40 }), (entries) => {
        expect(decodeEntries(encodeEntries(entries))).toEqual(entries);
      }),
    );
  });

  it('meets any bytes with entries or a clear failure', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        try {
          decodeEntries(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(StratalogError);
        }
      }),
    );
  });
});
