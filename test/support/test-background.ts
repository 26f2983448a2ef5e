// A log in memory with its background jobs: processes over one storage, each of which a test can stop for good, or for
// a while, before or after any of its storage requests, and between which it can look.

import { type Background, createBackground } from '../../lib/service/background/background.ts';
import type {
  BackgroundPorts,
  BackgroundSettings,
} from '../../lib/service/background/background-ports.ts';
import { createServices, type Services } from '../../lib/service/services.ts';
import { createLocalStorage, type LocalStorage } from '../../lib/storage/local/local-storage.ts';
import { ManualClock, readAll, SeededRandom } from './test-log.ts';

export class Died extends Error {
  override readonly name = 'Died';
}

type Method = (...parameters: never[]) => unknown;

/** What happens around a process's storage requests; they are counted from 1. */
export interface Interference {
  /** The process ends before this request is sent … */
  readonly diesBefore?: number;
  /** … or after it took effect, without hearing so. */
  readonly diesAfter?: number;
  /** How far its clock is ahead of everybody's. */
  readonly clockSkewMs?: number;
  /** Runs before every request; `parameters` are what it asks with. */
  readonly between?: (
    request: number,
    method: string,
    parameters: readonly unknown[],
  ) => Promise<void>;
}

export interface TestProcess {
  readonly background: Background;
  readonly services: Services;
  /** Requests so far. */
  requests(): number;
  readonly counts: ReadonlyMap<string, number>;
}

export interface TestBackground {
  readonly storage: LocalStorage;
  readonly clock: ManualClock;
  process(interference?: Interference): TestProcess;
}

const SETTINGS: Partial<BackgroundSettings> = {
  graceMs: 7_200_000,
  partBytes: 300_000,
  windowBytes: 500_000,
};

/** No run of a test ends for lack of time. */
export const NO_LIMIT = { untilMs: Number.MAX_SAFE_INTEGER };
export const HOUR_MS = 3_600_000;

export function createTestBackground(
  settings: Partial<BackgroundSettings> = {},
  options: { readonly baseUrl?: () => string } = {},
): TestBackground {
  const clock = new ManualClock();
  const storage = createLocalStorage({
    directory: ':memory:',
    nowMs: () => clock.timeMs,
    ...options,
  });
  let made = 0;
  return {
    storage,
    clock,
    process(interference = {}) {
      made += 1;
      const line = new Line(interference);
      const ports: BackgroundPorts = {
        topics: line.through(storage.topics),
        partitions: line.through(storage.partitions),
        segments: line.through(storage.segments),
        objects: line.through(storage.objects),
        upkeep: line.through(storage.upkeep),
        cleanup: line.through(storage.cleanup),
        leases: line.through(storage.leases),
        clock: {
          nowMs: () => clock.timeMs + (interference.clockSkewMs ?? 0),
          sleep: (delayMs) => clock.sleep(delayMs),
        },
        random: new SeededRandom(made * 7_919),
      };
      const invoker = { appendLater: () => Promise.resolve() };
      return {
        background: createBackground(ports, { ...SETTINGS, ...settings }),
        services: createServices({ ...ports, invoker }),
        requests: () => line.requests,
        counts: line.counts,
      };
    },
  };
}

/** A process's way to its storage. */
class Line {
  readonly counts = new Map<string, number>();
  requests = 0;
  readonly #interference: Interference;
  #isDead = false;

  constructor(interference: Interference) {
    this.#interference = interference;
  }

  through<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function' || typeof name !== 'string') return method;
        return async (...parameters: never[]) =>
          await this.#send(name, parameters, () => (method as Method).apply(target, parameters));
      },
    });
  }

  async #send(
    method: string,
    parameters: readonly unknown[],
    request: () => unknown,
  ): Promise<unknown> {
    if (this.#isDead) throw new Died();
    this.requests += 1;
    this.counts.set(method, (this.counts.get(method) ?? 0) + 1);
    const number = this.requests;
    const { diesBefore, diesAfter, between } = this.#interference;
    if (number === diesBefore) {
      this.#isDead = true;
      throw new Died();
    }
    await between?.(number, method, parameters);
    if (this.#isDead) throw new Died();
    const answer = await request();
    if (number !== diesAfter) return answer;
    this.#isDead = true;
    throw new Died();
  }
}

/** All that a reader sees of a topic's partitions, from their starts. */
export async function readTopic(
  services: Services,
  topicName: string,
  partitionCount: number,
): Promise<readonly (readonly [bigint, string][])[]> {
  const partitions = Array.from({ length: partitionCount }, (_, partition) => partition);
  return await Promise.all(partitions.map((partition) => readAll(services, topicName, partition)));
}
