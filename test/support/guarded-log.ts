// A whole log in memory with access lists on, asked over its HTTP application by whom a test says. Requests to the
// storage are counted; each process has an application of its own over one storage.

import type { Acl } from '../../lib/access/acl.ts';
import type { AccessRules } from '../../lib/access/authorize.ts';
import { createApp } from '../../lib/api/app.ts';
import { allRoutes } from '../../lib/api/routes/all.ts';
import { createLocalGuard } from '../../lib/local/access.ts';
import type { AllServices } from '../../lib/service/access/guard-all.ts';
import { createInspectServices } from '../../lib/service/background/inspect-services.ts';
import { createGroupServices } from '../../lib/service/group/group-services.ts';
import { watchGroups } from '../../lib/service/group/watch.ts';
import { createServices } from '../../lib/service/services.ts';
import { createTransactionServices } from '../../lib/service/transactions/transaction-services.ts';
import { createLocalStorage } from '../../lib/storage/local/local-storage.ts';
import { ManualClock, SeededRandom, Wire } from './test-log.ts';

export const ROOT = 'User:root';

export interface GuardedAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the test is about
  readonly json: any;
  readonly bytes: Buffer;
}

export interface GuardedRequest {
  readonly principal?: string;
  readonly method: string;
  readonly path: string;
  readonly json?: unknown;
  readonly raw?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface GuardedProcess {
  readonly services: AllServices;
  ask(request: GuardedRequest): Promise<GuardedAnswer>;
  /** Looks after all groups, as a schedule does. */
  watch(): Promise<unknown>;
}

export interface GuardedLog extends GuardedProcess {
  readonly clock: ManualClock;
  readonly wire: Wire;
  readonly late: object[];
  /** Lines that tell of refusals. */
  readonly denials: readonly object[];
  another(): GuardedProcess;
  /** `allow alice READ TOPIC orders`, `deny * ALL GROUP bill*`: a name that ends in `*` is a prefix, a lone `*` all. */
  give(...entries: readonly string[]): Promise<void>;
}

export function createGuardedLog(rules: Partial<AccessRules> = {}): GuardedLog {
  const clock = new ManualClock();
  const wire = new Wire();
  const local = createLocalStorage({
    directory: ':memory:',
    baseUrl: () => 'http://127.0.0.1',
    nowMs: () => clock.nowMs(),
  });
  const late: object[] = [];
  const storage = {
    partitions: wire.through(local.partitions),
    topics: wire.through(local.topics),
    objects: wire.through(local.objects),
    segments: wire.through(local.segments),
    groups: wire.through(local.groups),
    offsets: wire.through(local.offsets),
    producers: wire.through(local.producers),
    transactions: wire.through(local.transactions),
    acls: wire.through(local.acls),
    cleanup: wire.through(local.cleanup),
    leases: wire.through(local.leases),
    upkeep: wire.through(local.upkeep),
    invoker: { appendLater: async (request: object) => void late.push(request) },
  };
  const denials: object[] = [];
  let seed = 0;
  const another = (): GuardedProcess => {
    seed += 1;
    const ports = { ...storage, clock, random: new SeededRandom(seed) };
    const guard = createLocalGuard(
      ports,
      {
        rules: { superUsers: new Set([ROOT]), allowIfNoAcl: false, ...rules },
        principalHeader: 'principal',
      },
      (line) => denials.push(JSON.parse(line)),
    );
    const groupPorts = { ...ports, access: guard.access };
    const services: AllServices = {
      ...createServices(ports),
      ...createGroupServices(groupPorts),
      ...createTransactionServices(ports),
      ...createInspectServices(ports),
      ...guard.acls,
    };
    const app = createApp(allRoutes, services, { access: guard.appAccess(services) });
    return {
      services,
      ask: (request) => answerOf(app.request(...requestOf(request))),
      watch: () => watchGroups(groupPorts, { untilMs: Number.POSITIVE_INFINITY }),
    };
  };
  const first = another();
  return {
    ...first,
    clock,
    wire,
    late,
    denials,
    another,
    async give(...entries) {
      const created = await first.services.acls.create(entries.map(aclOf));
      if (created.kind === 'rejected') throw new Error(created.message);
    },
  };
}

function requestOf(asked: GuardedRequest): [string, RequestInit] {
  const { principal, method, path, json, raw, headers = {} } = asked;
  const type = raw === undefined ? 'application/json' : 'application/vnd.apache.kafka.record-batch';
  const body = raw ?? (json === undefined ? undefined : JSON.stringify(json));
  const sent = {
    ...(principal === undefined ? {} : { principal }),
    ...(body === undefined ? {} : { 'content-type': type }),
    ...headers,
  };
  return [path, { method, headers: sent, ...(body === undefined ? {} : { body }) } as RequestInit];
}

async function answerOf(sent: Response | Promise<Response>): Promise<GuardedAnswer> {
  const response = await sent;
  const bytes = Buffer.from(await response.arrayBuffer());
  const isJson = response.headers.get('content-type') === 'application/json';
  return {
    status: response.status,
    json: isJson ? JSON.parse(bytes.toString()) : undefined,
    bytes,
  };
}

function aclOf(text: string): Acl {
  const [verdict, who, operation, resourceType, name = ''] = text.split(' ');
  const isPrefix = name.length > 1 && name.endsWith('*');
  // What isn't an entry is refused when it is created.
  return {
    resourceType,
    patternType: isPrefix ? 'PREFIXED' : 'LITERAL',
    resourceName: isPrefix ? name.slice(0, -1) : name,
    principal: `User:${who}`,
    operation,
    permission: verdict?.toUpperCase(),
  } as Acl;
}
