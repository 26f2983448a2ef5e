// The core in this very process, over bucket and tables: no hop at all. For programs in the same account that may be given
// IAM rights on them. The requests are those of the HTTP API, answered by the same application that Lambda serves.

import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Hono } from 'hono';
import { principalNamed } from '../../access/principal.ts';
import { createApp } from '../../api/app.ts';
import { allRoutes } from '../../api/routes/all.ts';
import type { LateAppend } from '../../ports/environment.ts';
import { type Access, type AccessPorts, createAccess } from '../../service/access/access.ts';
import { createAclServices } from '../../service/access/acls.ts';
import { createInspectServices } from '../../service/background/inspect-services.ts';
import { createGroupServices } from '../../service/group/group-services.ts';
import { createServices } from '../../service/services.ts';
import { createTransactionServices } from '../../service/transactions/transaction-services.ts';
import { type AwsStorageOptions, createAwsStorage } from '../../storage/aws/aws-storage.ts';
import type { Transport } from '../transport.ts';
import { httpTransport } from './http.ts';

/**
 * Names of a stack's bucket and tables; rights as its functions have them. Who has those may do everything: access lists
 * are kept by the functions, and count for their callers.
 */
export interface DirectOptions extends AwsStorageOptions {
  /**
   * As the stack has them. Needed where it has access lists: a member that joins here also looks after the group's other
   * members, whose regexes match what those may know of.
   */
  readonly acls?: {
    readonly superUsers: readonly string[];
    readonly allowEveryoneIfNoAclFound?: boolean;
  };
}

/** Nothing of the access lists is kept. */
const NOTHING_KNOWN = { forget: () => undefined };

/** acks=0 is answered before it is stored, and lost when the process ends before that; `close` waits for it. */
export function directTransport(options: DirectOptions): Transport {
  const storage = createAwsStorage(options);
  const late = new Set<Promise<unknown>>();
  const clock = {
    nowMs: () => Date.now(),
    async sleep(delayMs: number, signal?: AbortSignal) {
      await delay(delayMs, undefined, signal === undefined ? {} : { signal }).catch(
        () => undefined,
      );
    },
  };
  const random = { randomBytes: (count: number) => new Uint8Array(randomBytes(count)) };
  const invoker = {
    async appendLater(request: LateAppend) {
      const append = services.append.append(request).finally(() => late.delete(append));
      append.catch(() => undefined);
      late.add(append);
    },
  };
  const ports = { ...storage, clock, random, invoker };
  const access = accessOf(options, ports);
  const services = {
    ...createServices(ports),
    ...createGroupServices({ ...ports, access }),
    ...createTransactionServices(ports),
    ...createInspectServices(ports),
    ...createAclServices(ports, access ?? NOTHING_KNOWN),
  };
  return appTransport(createApp(allRoutes, services), async () => {
    await Promise.allSettled(late);
    storage.close();
  });
}

function accessOf({ acls }: DirectOptions, ports: AccessPorts): Access | undefined {
  if (acls === undefined) return undefined;
  const superUsers = acls.superUsers.map((one) => principalNamed(one.replace(/^User:/, '')));
  const allowIfNoAcl = acls.allowEveryoneIfNoAclFound ?? false;
  return createAccess(ports, { superUsers: new Set(superUsers), allowIfNoAcl });
}

/** Requests to an application in this process; references still lead to S3. */
export function appTransport(app: Pick<Hono, 'fetch'>, close: () => Promise<void>): Transport {
  const transport = httpTransport({
    endpoint: 'http://direct.invalid',
    fetch: async (input, init) => app.fetch(new Request(input as string, init)),
  });
  const outside = httpTransport({ endpoint: 'http://direct.invalid' });
  return {
    description: 'the core in this process',
    send: (request) => transport.send(request),
    get: (url, headers, signal) =>
      outside.get?.(url, headers, signal) ?? Promise.reject(new Error('no way out')),
    close,
  };
}
