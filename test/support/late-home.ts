// A local home in memory that is as slow as AWS: every storage request takes what S3 and DynamoDB would (PUT p50 30, p99
// 90 ms; GET p50 15, p99 45; DynamoDB p50 5, p99 15), from one seed, half of it on the way there.

import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createApp } from '../../lib/api/app.ts';
import { allRoutes } from '../../lib/api/routes/all.ts';
import { listen } from '../../lib/local/http-server.ts';
import { nodeBodies } from '../../lib/local/node-bodies.ts';
import { noAclServices } from '../../lib/service/access/acls.ts';
import { createInspectServices } from '../../lib/service/background/inspect-services.ts';
import { createGroupServices } from '../../lib/service/group/group-services.ts';
import { createServices } from '../../lib/service/services.ts';
import { createTransactionServices } from '../../lib/service/transactions/transaction-services.ts';
import { createLocalStorage } from '../../lib/storage/local/local-storage.ts';

type RequestKind = 'PUT' | 'GET' | 'DynamoDB';

/** Median and 99th percentile, milliseconds. */
const LATENCIES: Readonly<Record<RequestKind, readonly [number, number]>> = {
  PUT: [30, 90],
  GET: [15, 45],
  DynamoDB: [5, 15],
};

/** One request that is over. */
export interface LateRequest {
  readonly kind: RequestKind;
  readonly method: string;
  readonly tookMs: number;
  /** Of a PUT and of an append: the object that it is about. */
  readonly objectId: string | undefined;
}

export interface LateHome {
  readonly url: string;
  /** The requests since the last call. */
  take(): readonly LateRequest[];
  close(): Promise<void>;
}

/** 32 bits a call, the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Log-normal with this median and 99th percentile. */
function latencyMs(random: () => number, [median, p99]: readonly [number, number]): number {
  const normal = Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
  return median * Math.exp((Math.log(p99 / median) / 2.326) * normal);
}

function kindOf(method: string): RequestKind | undefined {
  if (method === 'putObject') return 'PUT';
  if (method === 'getRange') return 'GET';
  return method === 'referenceRange' ? undefined : 'DynamoDB';
}

/** An object's key ends with its id. */
function objectIdOf(request: unknown): string | undefined {
  if (typeof request !== 'object' || request === null) return undefined;
  const { key, objectId } = request as { readonly key?: unknown; readonly objectId?: unknown };
  if (typeof objectId === 'string') return objectId;
  return typeof key === 'string' ? key.split('/').at(-1) : undefined;
}

type Method = (...parameters: never[]) => unknown;

/** The same port, every request of it as late as the service behind it would be. */
function late<Port extends object>(
  port: Port,
  random: () => number,
  done: (request: LateRequest) => void,
): Port {
  return new Proxy(port, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name);
      const kind = typeof name === 'string' ? kindOf(name) : undefined;
      if (typeof method !== 'function' || kind === undefined) return method;
      return async (...parameters: never[]) => {
        const ms = latencyMs(random, LATENCIES[kind]);
        const startedMs = performance.now();
        await delay(ms / 2);
        const answer = await (method as Method).apply(target, parameters);
        await delay(ms / 2);
        const tookMs = performance.now() - startedMs;
        done({ kind, method: String(name), tookMs, objectId: objectIdOf(parameters[0]) });
        return answer;
      };
    },
  });
}

export async function startLateHome(seed: number): Promise<LateHome> {
  const random = seeded(seed);
  let requests: LateRequest[] = [];
  const slow = <Port extends object>(port: Port): Port =>
    late(port, random, (request) => requests.push(request));
  const local = createLocalStorage({ directory: ':memory:', baseUrl: () => 'http://127.0.0.1' });
  const ports = {
    ...local,
    topics: slow(local.topics),
    partitions: slow(local.partitions),
    objects: slow(local.objects),
    groups: slow(local.groups),
    offsets: slow(local.offsets),
    transactions: slow(local.transactions),
    clock: { nowMs: () => Date.now(), sleep: (ms: number) => delay(ms) },
    random: { randomBytes: (count: number) => randomBytes(count) },
    invoker: { appendLater: () => Promise.resolve() },
    access: undefined,
  };
  const services = {
    ...createServices(ports),
    ...createGroupServices(ports),
    ...createTransactionServices(ports),
    ...createInspectServices(ports),
    ...noAclServices(),
  };
  const app = createApp(allRoutes, services, { bodies: nodeBodies });
  const server = await listen(app, { host: '127.0.0.1', port: 0 });
  return {
    url: `http://127.0.0.1:${server.port}`,
    take() {
      const taken = requests;
      requests = [];
      return taken;
    },
    async close() {
      await server.close();
      await local.close();
    },
  };
}
