// The records that simulated producers send: each has a value that nobody else sends, so that where it turns up says
// all there is to know.

import { splitBatches } from '../../../lib/record/batch.ts';
import { encodeBatch, forEachRecord } from '../../../lib/record/record.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Who sent a batch, when it says so. */
export interface Sequence {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

export interface ReadBatch {
  readonly baseOffset: number;
  readonly values: readonly string[];
  readonly sequence: Sequence | undefined;
}

export function encodeValues(
  values: readonly string[],
  timestampMs: number,
  sequence?: Sequence,
): Uint8Array {
  const records = values.map((value) => ({
    timestamp: timestampMs,
    key: encoder.encode(value),
    value: encoder.encode(value),
  }));
  return sequence === undefined
    ? encodeBatch({ records })
    : encodeBatch({ records, ...sequence, producerId: BigInt(sequence.producerId) });
}

/** Throws when the bytes are not whole, sound batches. */
export function decodeBatches(bytes: Uint8Array): readonly ReadBatch[] {
  const batches: ReadBatch[] = [];
  for (const header of splitBatches(bytes)) {
    const values: string[] = [];
    forEachRecord(bytes, header.position, {}, ({ value }) => {
      values.push(value === null ? '' : decoder.decode(value));
      return true;
    });
    const { producerEpoch, baseSequence } = header;
    const producerId = Number(header.producerId);
    batches.push({
      baseOffset: Number(header.baseOffset),
      values,
      sequence: producerId < 0 ? undefined : { producerId, producerEpoch, baseSequence },
    });
  }
  return batches;
}
