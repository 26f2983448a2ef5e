// The composition root of every function: environment → adapters → services, once a cold start.

import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { StratalogError } from '../../lib/errors.ts';
import type { Clock, Invoker } from '../../lib/ports/environment.ts';
import type { Nudger } from '../../lib/ports/nudger.ts';
import { type Background, createBackground } from '../../lib/service/background/background.ts';
import {
  createInspectServices,
  type InspectServices,
} from '../../lib/service/background/inspect-services.ts';
import { createGroupServices, type GroupServices } from '../../lib/service/group/group-services.ts';
import { createServices, type Services } from '../../lib/service/services.ts';
import {
  createTransactionServices,
  type TransactionServices,
} from '../../lib/service/transactions/transaction-services.ts';
import { createAwsStorage, type TableNames } from '../../lib/storage/aws/aws-storage.ts';

const clock: Clock = {
  nowMs: () => Date.now(),
  async sleep(delayMs, signal) {
    // Aborted is over as well: the sleeper looks at the signal itself.
    await delay(delayMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  },
};

/** Only the produce function has one: the others have no business to append later. */
const noInvoker: Invoker = {
  appendLater: () =>
    Promise.reject(new StratalogError('INVALID_REQUIRED_ACKS', 'acks=0 is not served here')),
};

export function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw new Error(`the environment variable ${name} is missing; the stack sets it`);
  }
  return value;
}

/** A function has the names of the tables that it may use; what it may not use has none. */
function tableNames(): TableNames {
  const table = (concern: string): string => process.env[`STRATALOG_TABLE_${concern}`] ?? '';
  return {
    topics: table('TOPICS'),
    heads: table('HEADS'),
    index: table('INDEX'),
    groups: table('GROUPS'),
    producers: table('PRODUCERS'),
    acls: table('ACLS'),
  };
}

/** Asks nobody: the first request opens the first connection. */
export function createRuntime(invoker: Invoker = noInvoker, nudger?: Nudger): Services {
  const ports = { ...storagePorts(), invoker };
  return createServices(nudger === undefined ? ports : { ...ports, nudger });
}

/** The same for consumer groups. */
export function createGroupRuntime(): GroupServices {
  return createGroupServices(storagePorts());
}

/** The same for producer ids. */
export function createTransactionRuntime(): TransactionServices {
  return createTransactionServices(storagePorts());
}

/** The same for background jobs. */
export function createBackgroundRuntime(): Background {
  return createBackground(storagePorts());
}

/** The same for looking at what is stored. */
export function createInspectRuntime(): InspectServices {
  return createInspectServices(storagePorts());
}

function storagePorts() {
  const storage = createAwsStorage({ bucket: setting('STRATALOG_BUCKET'), tables: tableNames() });
  return { ...storage, clock, random: { randomBytes: (count: number) => randomBytes(count) } };
}
