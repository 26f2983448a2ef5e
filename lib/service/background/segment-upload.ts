// Uploads a segment's files while they are made: the .log in parts (or, when it is small, with one put), then the two
// indexes. Nothing names them until the caller commits; an upload that is given up, or whose job dies, is swept.

import { JOB_PARTS_SENT_AT_ONCE } from '../../limits.ts';
import type { Segment, SegmentAddress } from '../../log/segment.ts';
import type { SegmentFiles } from '../../log/segment-build.ts';
import { segmentKey } from '../../log/segment-keys.ts';
import type { StoredPart, UploadPart } from '../../ports/object-upkeep.ts';
import { withRetries } from '../retry.ts';
import { type BackgroundPorts, REPEATABLE } from './background-ports.ts';

const FIRST_BUFFER_BYTES = 64 * 1024;

/** What the upload says of a segment; the rest is what it covers. */
export type UploadedFiles = Pick<
  Segment,
  | 'sizeBytes'
  | 'indexBytes'
  | 'timeIndexBytes'
  | 'recordCount'
  | 'largestTimestampMs'
  | 'firstTimestampMs'
>;

/** How many parts of all uploads of a job may be under way: they are what its memory goes to. */
export class PartSlots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number = JOB_PARTS_SENT_AT_ONCE) {
    this.#free = count;
  }

  async take(): Promise<void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}

export interface UploadOptions {
  readonly partBytes: number;
  readonly slots: PartSlots;
  /** Bytes of the .log file, where that is known beforehand. */
  readonly sizeBytes?: number;
}

export class SegmentUpload {
  readonly #ports: BackgroundPorts;
  readonly #address: SegmentAddress;
  readonly #partBytes: number;
  readonly #slots: PartSlots;
  readonly #sizeBytes: number;
  readonly #parts: StoredPart[] = [];
  readonly #sending: Promise<void>[] = [];
  #buffer = Buffer.alloc(0);
  #filled = 0;
  #partCount = 0;
  #uploadId: Promise<string> | undefined;

  constructor(
    ports: BackgroundPorts,
    address: SegmentAddress,
    { partBytes, slots, sizeBytes = 0 }: UploadOptions,
  ) {
    this.#ports = ports;
    this.#address = address;
    this.#partBytes = partBytes;
    this.#slots = slots;
    this.#sizeBytes = sizeBytes;
  }

  /** The next bytes of the .log file; they are copied. */
  async write(bytes: Uint8Array): Promise<void> {
    let copied = this.copy(bytes, 0, bytes.length);
    while (copied < bytes.length) {
      await this.sendPart();
      copied = this.copy(bytes, copied, bytes.length);
    }
  }

  /**
   * Copies what lies from `start` to `end` into the part that is being filled, and says where it stopped: before `end`
   * when the part is full and must be sent first.
   */
  copy(bytes: Uint8Array, start: number, end: number): number {
    const count = Math.min(end - start, this.#partBytes - this.#filled);
    if (this.#filled + count > this.#buffer.length) this.#reserve(this.#filled + count);
    this.#buffer.set(bytes.subarray(start, start + count), this.#filled);
    this.#filled += count;
    return start + count;
  }

  /** All three files are stored when it resolves. A segment without bytes has none. */
  async finish(files: SegmentFiles): Promise<UploadedFiles> {
    if (files.sizeBytes > 0) {
      const { index, timeIndex } = files;
      const put = [this.#finishLog(), this.#put('index', index), this.#put('timeindex', timeIndex)];
      await Promise.all(put);
    }
    const { sizeBytes, recordCount, largestTimestampMs, firstTimestampMs } = files;
    return {
      sizeBytes,
      indexBytes: files.index.length,
      timeIndexBytes: files.timeIndex.length,
      recordCount,
      largestTimestampMs,
      firstTimestampMs,
    };
  }

  /** Gives up what is not finished, as well as it can: what stays is swept later. */
  async abandon(): Promise<void> {
    const uploading = this.#uploadId;
    if (uploading === undefined) return;
    await Promise.allSettled(this.#sending);
    await uploading
      .then((uploadId) => this.#ports.upkeep.abortUpload({ key: this.#key, uploadId }))
      .catch(() => undefined);
  }

  get #key(): string {
    return segmentKey(this.#address, 'log');
  }

  /** As much as is left to come, where that is known; otherwise it grows as it fills. */
  #reserve(bytes: number): void {
    const left = this.#sizeBytes - this.#partCount * this.#partBytes;
    const wanted = Math.max(bytes, left, this.#buffer.length * 2, FIRST_BUFFER_BYTES);
    const grown = Buffer.allocUnsafeSlow(Math.min(this.#partBytes, wanted));
    grown.set(this.#buffer.subarray(0, this.#filled));
    this.#buffer = grown;
  }

  /** Sends the part that is full; resolves when another may be filled. */
  async sendPart(): Promise<void> {
    const bytes = this.#buffer.subarray(0, this.#filled);
    this.#buffer = Buffer.alloc(0);
    this.#filled = 0;
    this.#partCount += 1;
    const partNumber = this.#partCount;
    this.#uploadId ??= withRetries(
      this.#ports,
      () => this.#ports.upkeep.beginUpload({ key: this.#key, partBytes: this.#partBytes }),
      REPEATABLE,
    );
    const uploadId = await this.#uploadId;
    await this.#slots.take();
    const sent = this.#putPart({ key: this.#key, uploadId, partNumber, bytes });
    // Whoever awaits it hears of a failure; until then it is nobody's.
    sent.catch(() => undefined);
    this.#sending.push(sent);
  }

  async #putPart(part: UploadPart): Promise<void> {
    try {
      const stored = await withRetries(
        this.#ports,
        () => this.#ports.upkeep.putPart(part),
        REPEATABLE,
      );
      this.#parts.push(stored);
    } finally {
      this.#slots.give();
    }
  }

  async #finishLog(): Promise<void> {
    const uploading = this.#uploadId;
    if (uploading === undefined) {
      await this.#put('log', this.#buffer.subarray(0, this.#filled));
      return;
    }
    if (this.#filled > 0) await this.sendPart();
    await Promise.all(this.#sending);
    const parts = this.#parts.sort((left, right) => left.partNumber - right.partNumber);
    const upload = { key: this.#key, uploadId: await uploading, parts };
    await withRetries(this.#ports, () => this.#ports.upkeep.completeUpload(upload), REPEATABLE);
  }

  /** The key is this attempt's alone, so an object that is there is an own try's. */
  async #put(file: 'log' | 'index' | 'timeindex', bytes: Uint8Array): Promise<void> {
    const key = segmentKey(this.#address, file);
    const request = { key, chunks: [bytes], nonce: this.#address.segmentId };
    await withRetries(this.#ports, () => this.#ports.objects.putObject(request), REPEATABLE);
  }
}
