// From the bytes of a fetch to messages.

import { parseBatchHeader, patchBaseOffset, splitBatches } from '../../record/batch.ts';
import { forEachRecord } from '../../record/record.ts';
import { messageOf } from '../messages.ts';
import type { KafkaMessage } from '../types.ts';

/** The records of whole batches from `offset` on: the first batch may begin before it. Errors: CORRUPT_MESSAGE. */
export function messagesFrom(bytes: Buffer, offset: number): KafkaMessage[] {
  const messages: KafkaMessage[] = [];
  // Records that were sent together mostly have one time, and its text is most of what a small record costs.
  let timeMs = Number.NaN;
  let timestamp = '';
  for (const header of splitBatches(bytes)) {
    if (header.isControl) continue;
    const base = Number(header.baseOffset);
    forEachRecord(bytes, header.position, {}, (record) => {
      const at = base + record.offsetDelta;
      if (at < offset) return true;
      if (record.timestamp !== timeMs) {
        timeMs = record.timestamp;
        timestamp = String(timeMs);
      }
      messages.push(messageOf(record, { offset: String(at), timestamp }));
      return true;
    });
  }
  return messages;
}

/** Puts offsets in place in bytes that were read by reference: batch by batch they count up from `baseOffset`. */
export function placeOffsets(bytes: Buffer, baseOffset: number): void {
  let next = BigInt(baseOffset);
  for (let position = 0; position < bytes.length; ) {
    const { sizeInBytes, lastOffsetDelta } = parseBatchHeader(bytes, position);
    patchBaseOffset(bytes, position, next, 0);
    next += BigInt(lastOffsetDelta) + 1n;
    position += sizeInBytes;
  }
}
