// A log on disk for benchmarks of background jobs: filled once, copied for every round, with a clock that can be set
// ahead, and with or without the times that S3 and DynamoDB take to answer.

import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { StoredPart } from '../../lib/ports/object-upkeep.ts';
import { encodeBatch } from '../../lib/record/record.ts';
import { createBackground } from '../../lib/service/background/background.ts';
import { createServices, type Services } from '../../lib/service/services.ts';
import { createLocalStorage, type LocalStorage } from '../../lib/storage/local/local-storage.ts';

const MIB = 1024 * 1024;
const PART_BYTES = 5 * MIB;
/** As merging has it, so that neither reads further ahead. */
const COPY_WINDOW_BYTES = 8 * MIB;
const COPY_GETS_AT_ONCE = 64;
const COPY_PARTS_AT_ONCE = 4;
/** Median times of small requests within a region, milliseconds. */
const OBJECT_REQUEST_MS = 15;
/** Of one connection to S3, bytes a millisecond. */
const OBJECT_BYTES_PER_MS = 90_000;
const ITEM_REQUEST_MS = 4;
const ITEM_PORTS: ReadonlySet<string> = new Set(['partitions', 'segments', 'topics', 'leases']);
const OBJECT_PORTS: ReadonlySet<string> = new Set(['objects', 'upkeep']);

export interface Home {
  readonly storage: LocalStorage;
  readonly services: Services;
  readonly background: ReturnType<typeof createBackground>;
  /** Sets the clock ahead. */
  advance(byMs: number): void;
}

export interface HomeOptions {
  readonly isRemote?: boolean;
}

export function openHome(directory: string, { isRemote = false }: HomeOptions = {}): Home {
  const local = createLocalStorage({ directory, baseUrl: () => 'http://local' });
  const storage = isRemote ? remote(local) : local;
  let aheadMs = 0;
  const ports = {
    ...storage,
    clock: { nowMs: () => Date.now() + aheadMs, sleep: (ms: number) => delay(ms) },
    random: { randomBytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)) },
    invoker: { appendLater: () => Promise.resolve() },
  };
  return {
    storage,
    services: createServices(ports),
    background: createBackground(ports),
    advance: (byMs) => {
      aheadMs += byMs;
    },
  };
}

/** `use` gets a directory that is gone afterwards. */
export async function withDirectory<Answer>(
  use: (directory: string) => Promise<Answer>,
): Promise<Answer> {
  const directory = mkdtempSync(join(tmpdir(), 'stratalog-bench-'));
  try {
    return await use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** `use` gets a log of its own, as `template` has it. */
export async function withCopy<Answer>(
  template: string,
  options: HomeOptions,
  use: (home: Home) => Promise<Answer>,
): Promise<Answer> {
  return await withDirectory(async (directory) => {
    cpSync(template, directory, { recursive: true });
    const home = openHome(directory, options);
    try {
      return await use(home);
    } finally {
      await home.storage.close();
    }
  });
}

/** The same storage, each request as long under way as it would be in AWS. */
function remote(local: LocalStorage): LocalStorage {
  const slow = (port: object, ms: number): object =>
    new Proxy(port, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        return async (...args: unknown[]): Promise<unknown> => {
          await delay(ms);
          const answer: unknown = await Reflect.apply(method, target, args);
          if (answer instanceof Uint8Array) await delay(answer.length / OBJECT_BYTES_PER_MS);
          return answer;
        };
      },
    });
  const ports = Object.entries(local).map(([name, port]): [string, unknown] => {
    if (OBJECT_PORTS.has(name)) return [name, slow(port as object, OBJECT_REQUEST_MS)];
    if (ITEM_PORTS.has(name)) return [name, slow(port as object, ITEM_REQUEST_MS)];
    return [name, port];
  });
  return Object.fromEntries(ports) as unknown as LocalStorage;
}

/** One batch of about so many bytes: records of a kibibyte, or one that is smaller. */
function batchOf(byteCount: number): Uint8Array {
  const count = Math.max(1, Math.round(byteCount / 1_024));
  const value = crypto.getRandomValues(
    new Uint8Array(Math.max(1, Math.floor((byteCount - 61) / count) - 12)),
  );
  const timestamp = Date.now();
  return encodeBatch({ records: Array.from({ length: count }, () => ({ timestamp, value })) });
}

/** Appends objects of `objectBytes` each, all partitions in each of them; how many bytes in all. */
export async function fill(
  home: Home,
  of: {
    readonly totalBytes: number;
    readonly objectBytes: number;
    readonly partitionCount: number;
  },
): Promise<number> {
  const { totalBytes, objectBytes, partitionCount } = of;
  await home.services.topics.create({ name: 'bench', partitionCount });
  const batch = batchOf(objectBytes / partitionCount);
  const partitions = Array.from({ length: partitionCount }, (_, partition) => ({
    topicName: 'bench',
    partition,
    batches: batch,
  }));
  const requests = Math.ceil(totalBytes / objectBytes);
  for (let sent = 0; sent < requests; sent += 16) {
    const some = Array.from({ length: Math.min(16, requests - sent) }, () =>
      home.services.append.append({ partitions }),
    );
    for (const results of await Promise.all(some)) {
      if (results.some(({ kind }) => kind !== 'appended')) throw new Error('not appended');
    }
  }
  return requests * batch.length * partitionCount;
}

export interface StoredObject {
  readonly key: string;
  readonly sizeBytes: number;
}

export async function objectsBelow(
  { storage }: Home,
  prefix: string,
): Promise<readonly StoredObject[]> {
  const objects: StoredObject[] = [];
  let after: string | undefined;
  do {
    const request = { prefix, limit: 1_000, ...(after === undefined ? {} : { after }) };
    const page = await storage.upkeep.listObjects(request);
    objects.push(...page.objects);
    after = page.next;
  } while (after !== undefined);
  return objects;
}

/**
 * What merging is measured against: reads every WAL object whole, once, as many at a time and as far ahead as merging
 * does, and writes the same bytes to as many objects as there are partitions, in parts of the same size. It checks,
 * sorts and indexes nothing. Resolves to the seconds that it took.
 */
export async function plainCopy(home: Home, partitionCount: number): Promise<number> {
  const objects = await objectsBelow(home, 'wal/');
  const totalBytes = objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const started = performance.now();
  const keys: string[] = [];
  let target = new CopyTarget(home, `copy/of/${keys.length}`);
  let ahead = readSome(home, objects, 0);
  for (let next = 0; next < objects.length; ) {
    const current = await ahead;
    next += current.length;
    ahead = readSome(home, objects, next);
    for (const bytes of current) {
      await target.write(bytes);
      if (target.bytes < totalBytes / partitionCount) continue;
      keys.push(target.key);
      await target.finish();
      target = new CopyTarget(home, `copy/of/${keys.length}`);
    }
  }
  keys.push(target.key);
  await target.finish();
  const seconds = (performance.now() - started) / 1_000;
  await home.storage.upkeep.deleteObjects(keys);
  return seconds;
}

/** The objects of a window from `start` on. */
async function readSome(
  { storage }: Home,
  objects: readonly StoredObject[],
  start: number,
): Promise<readonly Uint8Array[]> {
  const window: StoredObject[] = [];
  for (let bytes = 0; bytes < COPY_WINDOW_BYTES; ) {
    const object = objects[start + window.length];
    if (object === undefined) break;
    window.push(object);
    bytes += object.sizeBytes;
  }
  const read: Uint8Array[] = [];
  const waiting = window.entries();
  const worker = async (): Promise<void> => {
    for (const [index, { key, sizeBytes }] of waiting) {
      const range = { key, positionBytes: 0, lengthBytes: sizeBytes };
      read[index] = (await storage.objects.getRange(range)) ?? new Uint8Array();
    }
  };
  await Promise.all(Array.from({ length: COPY_GETS_AT_ONCE }, worker));
  return read;
}

class CopyTarget {
  readonly key: string;
  bytes = 0;
  readonly #home: Home;
  readonly #sending = new Set<Promise<void>>();
  readonly #parts: StoredPart[] = [];
  #part = Buffer.allocUnsafeSlow(PART_BYTES);
  #filled = 0;
  #partCount = 0;
  #uploadId: Promise<string> | undefined;

  constructor(home: Home, key: string) {
    this.#home = home;
    this.key = key;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.bytes += bytes.length;
    for (let start = 0; start < bytes.length; ) {
      const count = Math.min(bytes.length - start, PART_BYTES - this.#filled);
      this.#part.set(bytes.subarray(start, start + count), this.#filled);
      this.#filled += count;
      start += count;
      if (this.#filled === PART_BYTES) await this.#send();
    }
  }

  async finish(): Promise<void> {
    const { objects, upkeep } = this.#home.storage;
    const { key } = this;
    if (this.#uploadId === undefined) {
      const chunks = [this.#part.subarray(0, this.#filled)];
      await objects.putObject({ key, chunks, nonce: 'copy' });
      return;
    }
    if (this.#filled > 0) await this.#send();
    await Promise.all(this.#sending);
    const parts = this.#parts.sort((left, right) => left.partNumber - right.partNumber);
    await upkeep.completeUpload({ key, uploadId: await this.#uploadId, parts });
  }

  async #send(): Promise<void> {
    const { upkeep } = this.#home.storage;
    const { key } = this;
    this.#uploadId ??= upkeep.beginUpload({ key, partBytes: PART_BYTES });
    const uploadId = await this.#uploadId;
    if (this.#sending.size >= COPY_PARTS_AT_ONCE) await Promise.race(this.#sending);
    this.#partCount += 1;
    const part = { partNumber: this.#partCount, bytes: this.#part.subarray(0, this.#filled) };
    const sent = upkeep.putPart({ key, uploadId, ...part }).then((stored) => {
      this.#parts.push(stored);
      this.#sending.delete(sent);
    });
    this.#sending.add(sent);
    this.#part = Buffer.allocUnsafeSlow(PART_BYTES);
    this.#filled = 0;
  }
}
