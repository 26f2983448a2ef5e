// A whole log in memory for tests: the real services over the local adapters, with a clock and a random source that the
// test controls, every storage request counted, and faults that hit chosen requests.

import { StratalogError } from '../../lib/errors.ts';
import type { AppendRequest } from '../../lib/log/append.ts';
import type { Clock, LateAppend, RandomSource } from '../../lib/ports/environment.ts';
import { encodeBatch } from '../../lib/record/record.ts';
import { createServices, type Services, type Storage } from '../../lib/service/services.ts';
import { createLocalStorage } from '../../lib/storage/local/local-storage.ts';

/** Time that moves only when something sleeps, or when a test says so. */
export class ManualClock implements Clock {
  timeMs = 1_760_000_000_000;

  nowMs(): number {
    return this.timeMs;
  }

  async sleep(delayMs: number): Promise<void> {
    this.timeMs += delayMs;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A small linear congruential generator: the same bytes for the same seed. */
export class SeededRandom implements RandomSource {
  #state: number;

  constructor(seed = 1) {
    this.#state = seed;
  }

  randomBytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => {
      this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
      return this.#state >>> 24;
    });
  }
}

/**
 * What happens to a request: `before` — it never arrives; `after` — it takes effect and its answer is lost;
 * `throttled` — it is refused and surely changes nothing.
 */
export type Fault = 'before' | 'after' | 'throttled';

type Method = (...parameters: never[]) => unknown;

/** Counts every request to the ports, and lets a test say what becomes of the next ones. */
export class Wire {
  readonly counts = new Map<string, number>();
  readonly #faults = new Map<string, (Fault | undefined)[]>();
  readonly #meanwhile = new Map<string, () => Promise<unknown>>();

  /** The next requests of this method meet these faults, one each; undefined lets one pass. */
  fail(method: string, ...faults: (Fault | undefined)[]): void {
    this.#faults.set(method, faults);
  }

  /** Before the next request of this method arrives, this happens: its sender sleeps, as it were. */
  meanwhile(method: string, happens: () => Promise<unknown>): void {
    this.#meanwhile.set(method, happens);
  }

  /** Requests by method since the last call. */
  take(): Record<string, number> {
    const taken = Object.fromEntries(this.counts);
    this.counts.clear();
    return taken;
  }

  /** The same port, every call of it passing through here. */
  through<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function' || typeof name !== 'string') return method;
        return (...parameters: never[]) =>
          this.#send(name, () => (method as Method).apply(target, parameters));
      },
    });
  }

  async #send(name: string, request: () => unknown): Promise<unknown> {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    const fault = this.#faults.get(name)?.shift();
    const happens = this.#meanwhile.get(name);
    this.#meanwhile.delete(name);
    await happens?.();
    if (fault === 'throttled') throw new StratalogError('THROTTLED', 'too many requests');
    const answer = fault === 'before' ? undefined : await request();
    if (fault === undefined) return answer;
    throw new StratalogError('REQUEST_TIMED_OUT', 'no answer', { effect: 'unknown' });
  }
}

export interface TestLog {
  readonly services: Services;
  readonly storage: Storage;
  readonly clock: ManualClock;
  readonly wire: Wire;
  /** What acks=0 has handed over and nobody has appended yet. */
  readonly late: LateAppend[];
  /** Another process over the same storage: it knows nothing of what this one has cached. */
  another(): Services;
}

export function createTestLog(): TestLog {
  const clock = new ManualClock();
  const wire = new Wire();
  const local = createLocalStorage({
    directory: ':memory:',
    baseUrl: () => 'http://127.0.0.1',
    nowMs: () => clock.nowMs(),
  });
  const storage = {
    partitions: wire.through(local.partitions),
    topics: wire.through(local.topics),
    objects: wire.through(local.objects),
    segments: wire.through(local.segments),
  };
  const late: LateAppend[] = [];
  const invoker = {
    appendLater: (request: LateAppend) => {
      late.push(request);
      return Promise.resolve();
    },
  };
  let seed = 0;
  const another = (): Services => {
    seed += 1;
    return createServices({ ...storage, clock, random: new SeededRandom(seed), invoker });
  };
  return { services: another(), storage, clock, wire, late, another };
}

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** One batch of records with these values, without keys. */
export function batchOf(
  values: readonly string[],
  change: Omit<Parameters<typeof encodeBatch>[0], 'records'> & {
    readonly timestampMs?: number;
  } = {},
): Uint8Array {
  const { timestampMs = 1_000, ...fields } = change;
  const records = values.map((value) => ({ timestamp: timestampMs, value: text(value) }));
  return encodeBatch({ ...fields, records });
}

/** An append of one batch a partition. */
export function appendTo(
  topicName: string,
  batches: Readonly<Record<number, Uint8Array>>,
): AppendRequest {
  return {
    partitions: Object.entries(batches).map(([partition, bytes]) => ({
      topicName,
      partition: Number(partition),
      batches: bytes,
    })),
  };
}

/** Every value of a partition from its start, with its offset, read as a consumer would. */
export async function readAll(
  services: Services,
  topicName: string,
  partition = 0,
): Promise<readonly [bigint, string][]> {
  const values: [bigint, string][] = [];
  const start = await services.listOffsets.find({ topicName, partition, at: { kind: 'earliest' } });
  if (start.kind !== 'found') throw new Error(`no start: ${JSON.stringify(start)}`);
  let { offset } = start;
  for (;;) {
    const [read] = await services.records.read({
      partitions: [{ topicName, partition, offset }],
      maxBytes: 4_000_000,
      minBytes: 0,
      maxWaitMs: 0,
      maxRecords: 10_000,
    });
    if (read?.kind !== 'records') throw new Error(`not read: ${read?.message}`);
    if (read.nextOffset === offset) return values;
    for (const record of read.records) {
      values.push([record.offset, new TextDecoder().decode(record.value ?? new Uint8Array())]);
    }
    offset = read.nextOffset;
  }
}
