// Record batches of several partitions in one HTTP body (application/vnd.apache.kafka.record-batch), big-endian:
//
//   produce frame = topicNameLength int16, topicName UTF-8, partition int32, batchesLength int32, batches
//   fetch frame   = topicNameLength int16, topicName UTF-8, partition int32, kafkaErrorCode int16 (0: none),
//                   highWatermark int64, logStartOffset int64, nextOffset int64,
//                   messageLength int32, message UTF-8, batchesLength int32, batches
//
// Frames stand back to back. Batches are views of the body: nothing is copied when decoding.

import { StratalogError } from '../errors.ts';

export interface ProduceFrame {
  readonly topicName: string;
  readonly partition: number;
  readonly batches: Uint8Array;
}

export interface FetchFrame {
  readonly topicName: string;
  readonly partition: number;
  /** 0: none; then `message` is empty. */
  readonly kafkaErrorCode: number;
  readonly message: string;
  /** −1 where an error leaves it unknown; so are the next two. */
  readonly highWatermark: bigint;
  readonly logStartOffset: bigint;
  readonly nextOffset: bigint;
  readonly batches: Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const PRODUCE_FIXED_BYTES = 2 + 4 + 4;
const FETCH_FIXED_BYTES = PRODUCE_FIXED_BYTES + 2 + 3 * 8 + 4;

export function encodeFrames(frames: readonly ProduceFrame[]): Uint8Array {
  const names = frames.map((frame) => encoder.encode(frame.topicName));
  const size = frames.reduce(
    (bytes, frame, index) =>
      bytes + PRODUCE_FIXED_BYTES + (names[index]?.length ?? 0) + frame.batches.length,
    0,
  );
  const body = new Uint8Array(size);
  const view = new DataView(body.buffer);
  let at = 0;
  for (const [index, { partition, batches }] of frames.entries()) {
    const name = names[index] ?? new Uint8Array();
    view.setInt16(at, name.length);
    body.set(name, at + 2);
    at += 2 + name.length;
    view.setInt32(at, partition);
    view.setInt32(at + 4, batches.length);
    body.set(batches, at + 8);
    at += 8 + batches.length;
  }
  return body;
}

/** The frame up to its batches, which follow it: so that they needn't be copied together. */
export function encodeFetchFrameHead(
  frame: Omit<FetchFrame, 'batches'>,
  batchesBytes: number,
): Uint8Array {
  const name = encoder.encode(frame.topicName);
  const message = encoder.encode(frame.message);
  const head = new Uint8Array(FETCH_FIXED_BYTES + name.length + message.length);
  const view = new DataView(head.buffer);
  view.setInt16(0, name.length);
  head.set(name, 2);
  let at = 2 + name.length;
  view.setInt32(at, frame.partition);
  view.setInt16(at + 4, frame.kafkaErrorCode);
  view.setBigInt64(at + 6, frame.highWatermark);
  view.setBigInt64(at + 14, frame.logStartOffset);
  view.setBigInt64(at + 22, frame.nextOffset);
  view.setInt32(at + 30, message.length);
  head.set(message, at + 34);
  at += 34 + message.length;
  view.setInt32(at, batchesBytes);
  return head;
}

/** Reads fields one after the other, and never past the end. */
class FrameReader {
  readonly #body: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(body: Uint8Array) {
    this.#body = body;
    this.#view = new DataView(body.buffer, body.byteOffset, body.length);
  }

  get isDone(): boolean {
    return this.#at === this.#body.length;
  }

  #take(byteCount: number): number {
    const at = this.#at;
    const left = this.#body.length - at;
    if (byteCount < 0 || byteCount > left) {
      throw new StratalogError(
        'INVALID_REQUEST',
        `the body is cut off or no frame: ${byteCount} bytes expected at byte ${at}, ${left} are left`,
      );
    }
    this.#at += byteCount;
    return at;
  }

  int16(): number {
    return this.#view.getInt16(this.#take(2));
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4));
  }

  int64(): bigint {
    return this.#view.getBigInt64(this.#take(8));
  }

  bytes(byteCount: number): Uint8Array {
    const at = this.#take(byteCount);
    return this.#body.subarray(at, at + byteCount);
  }

  text(byteCount: number): string {
    return decoder.decode(this.bytes(byteCount));
  }
}

/** Throws INVALID_REQUEST where the body isn't whole frames. */
export function decodeFrames(body: Uint8Array): ProduceFrame[] {
  const reader = new FrameReader(body);
  const frames: ProduceFrame[] = [];
  while (!reader.isDone) {
    const topicName = reader.text(reader.int16());
    const partition = reader.int32();
    frames.push({ topicName, partition, batches: reader.bytes(reader.int32()) });
  }
  return frames;
}

/** Throws INVALID_REQUEST where the body isn't whole frames. */
export function decodeFetchFrames(body: Uint8Array): FetchFrame[] {
  const reader = new FrameReader(body);
  const frames: FetchFrame[] = [];
  while (!reader.isDone) {
    const topicName = reader.text(reader.int16());
    const partition = reader.int32();
    const kafkaErrorCode = reader.int16();
    const highWatermark = reader.int64();
    const logStartOffset = reader.int64();
    const nextOffset = reader.int64();
    const message = reader.text(reader.int32());
    const batches = reader.bytes(reader.int32());
    const ends = { highWatermark, logStartOffset, nextOffset };
    frames.push({ topicName, partition, kafkaErrorCode, message, ...ends, batches });
  }
  return frames;
}
