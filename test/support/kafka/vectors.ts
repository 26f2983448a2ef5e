// What Kafka's own reader (ReadLog.java) says of segment files, and the same said by our codec, to be compared whole.

import { createHash } from 'node:crypto';
import { type BatchHeader, splitBatches } from '../../../lib/record/batch.ts';
import { decodeBatch } from '../../../lib/record/record.ts';

/** Longer bytes are given by their length and SHA-256. */
const PLAIN_BYTES_MAX = 200;

type BytesDescription = string | null | { readonly length: number; readonly sha256: string };

interface RecordDescription {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: BytesDescription;
  readonly value: BytesDescription;
  readonly headers: readonly { readonly key: string; readonly value: BytesDescription }[];
}

export interface BatchDescription
  extends Omit<
    BatchHeader,
    'position' | 'batchLength' | 'lastOffsetDelta' | 'baseOffset' | 'producerId'
  > {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly producerId: number;
  readonly records: readonly RecordDescription[];
}

/** By path. */
export type LogDescriptions = Readonly<Record<string, readonly BatchDescription[]>>;

/** What our codec finds in a segment file. */
export function describeLog(bytes: Uint8Array): readonly BatchDescription[] {
  return [...splitBatches(bytes)].map((header) => describeBatch(bytes, header.position));
}

function describeBatch(bytes: Uint8Array, at: number): BatchDescription {
  const { header, records } = decodeBatch(bytes, at);
  const { position, batchLength, lastOffsetDelta, ...fields } = header;
  const baseOffset = Number(header.baseOffset);
  return {
    ...fields,
    baseOffset,
    lastOffset: baseOffset + lastOffsetDelta,
    producerId: Number(header.producerId),
    records: records.map(({ offsetDelta, timestamp, key, value, headers }) => ({
      offset: baseOffset + offsetDelta,
      timestamp,
      key: describeBytes(key),
      value: describeBytes(value),
      headers: headers.map((each) => ({ key: each.key, value: describeBytes(each.value) })),
    })),
  };
}

function describeBytes(bytes: Uint8Array | null): BytesDescription {
  if (bytes === null) return null;
  return bytes.length <= PLAIN_BYTES_MAX
    ? Buffer.from(bytes).toString('base64')
    : { length: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}
