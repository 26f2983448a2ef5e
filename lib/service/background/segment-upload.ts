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

export class SegmentUpload {
  readonly #ports: BackgroundPorts;
  readonly #address: SegmentAddress;
  readonly #partBytes: number;
  readonly #slots: PartSlots;
  readonly #parts: StoredPart[] = [];
  readonly #sending: Promise<void>[] = [];
  #buffer = Buffer.alloc(0);
  #filled = 0;
  #partCount = 0;
  #uploadId: Promise<string> | undefined;

  constructor(
    ports: BackgroundPorts,
    address: SegmentAddress,
    { partBytes, slots }: { readonly partBytes: number; readonly slots: PartSlots },
  ) {
    this.#ports = ports;
    this.#address = address;
    this.#partBytes = partBytes;
    this.#slots = slots;
  }

  /** The next bytes of the .log file; they are copied. */
  async write(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) {
      const room = this.#partBytes - this.#filled;
      const piece = rest.subarray(0, room);
      this.#reserve(this.#filled + piece.length);
      this.#buffer.set(piece, this.#filled);
      this.#filled += piece.length;
      rest = rest.subarray(piece.length);
      if (this.#filled === this.#partBytes) await this.#sendPart();
    }
  }

  /** All three files are stored when it resolves. A segment without bytes has none. */
  async finish(files: SegmentFiles): Promise<UploadedFiles> {
    if (files.sizeBytes > 0) {
      await this.#finishLog();
      await Promise.all([this.#put('index', files.index), this.#put('timeindex', files.timeIndex)]);
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

  /** Grows the buffer as it fills: most segments of a busy hour are small. */
  #reserve(bytes: number): void {
    if (bytes <= this.#buffer.length) return;
    const wanted = Math.max(bytes, this.#buffer.length * 2, FIRST_BUFFER_BYTES);
    const grown = Buffer.allocUnsafeSlow(Math.min(this.#partBytes, wanted));
    grown.set(this.#buffer.subarray(0, this.#filled));
    this.#buffer = grown;
  }

  async #sendPart(): Promise<void> {
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
    if (this.#filled > 0) await this.#sendPart();
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
