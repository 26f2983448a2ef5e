// The records that simulated producers send: each has an id that no other record has, so that where it turns up says all
// there is to know. An id says the record's key behind `@`, when that isn't the id itself, and that it deletes the key by
// a `!` at its end.

import { splitBatches } from '../../../lib/record/batch.ts';
import { encodeBatch, forEachRecord } from '../../../lib/record/record.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const ID_HEADER = 'id';

/** Who sent a batch, when it says so. */
export interface Sequence {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

export interface ReadRecord {
  readonly offset: number;
  readonly id: string;
}

export interface ReadBatch {
  readonly records: readonly ReadRecord[];
  readonly sequence: Sequence | undefined;
}

export function keyOf(id: string): string {
  const at = id.indexOf('@');
  return at < 0 ? id : id.slice(at + 1).replace('!', '');
}

export function isDeletion(id: string): boolean {
  return id.endsWith('!');
}

export function encodeRecords(
  ids: readonly string[],
  timestampMs: number,
  sequence?: Sequence,
): Uint8Array {
  const records = ids.map((id) => ({
    timestamp: timestampMs,
    key: encoder.encode(keyOf(id)),
    value: isDeletion(id) ? null : encoder.encode(id),
    headers: [{ key: ID_HEADER, value: encoder.encode(id) }],
  }));
  return sequence === undefined
    ? encodeBatch({ records })
    : encodeBatch({ records, ...sequence, producerId: BigInt(sequence.producerId) });
}

/** Throws when the bytes are not whole, sound batches. */
export function decodeBatches(bytes: Uint8Array): readonly ReadBatch[] {
  const batches: ReadBatch[] = [];
  for (const header of splitBatches(bytes)) {
    const records: ReadRecord[] = [];
    forEachRecord(bytes, header.position, {}, ({ offsetDelta, headers }) => {
      const id = headers.find(({ key }) => key === ID_HEADER)?.value;
      const offset = Number(header.baseOffset) + offsetDelta;
      records.push({ offset, id: id == null ? '' : decoder.decode(id) });
      return true;
    });
    const { producerEpoch, baseSequence } = header;
    const producerId = Number(header.producerId);
    const sequence = producerId < 0 ? undefined : { producerId, producerEpoch, baseSequence };
    batches.push({ records, sequence });
  }
  return batches;
}
