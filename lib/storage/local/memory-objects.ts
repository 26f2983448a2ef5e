// Objects in memory, for tests and the simulator.

import type { ByteRange } from '../../log/object-range.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { tooShort } from './errors.ts';

export interface KeptObject {
  readonly bytes: Uint8Array;
  readonly nonce: string;
}

/** The part of an ObjectStore that stores; references are made elsewhere. */
export type ObjectBytes = Pick<ObjectStore, 'putObject' | 'getRange'>;

/** `objects` holds them by key. */
export function createMemoryObjects(objects: Map<string, KeptObject>): ObjectBytes {
  return {
    async putObject({ key, chunks, nonce }) {
      const standing = objects.get(key);
      if (standing !== undefined) return { kind: 'exists', own: standing.nonce === nonce };
      objects.set(key, { bytes: new Uint8Array(Buffer.concat(chunks)), nonce });
      return { kind: 'stored' };
    },

    async getRange(range: ByteRange) {
      const object = objects.get(range.key);
      if (object === undefined) return undefined;
      const end = range.positionBytes + range.lengthBytes;
      if (end > object.bytes.length) throw tooShort(range);
      // A copy: readers write base offsets into what they get.
      return object.bytes.slice(range.positionBytes, end);
    },
  };
}
