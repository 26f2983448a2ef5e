// The composition root of every function: environment → adapters → services, once a cold start.

import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { AppAccess } from '../../lib/api/app.ts';
import { StratalogError } from '../../lib/errors.ts';
import type { Clock, Invoker } from '../../lib/ports/environment.ts';
import type { Nudger } from '../../lib/ports/nudger.ts';
import {
  type Access,
  type AccessPorts,
  createAccess,
  type Rights,
} from '../../lib/service/access/access.ts';
import {
  guardCommitServices,
  guardGroupServices,
  guardMembershipServices,
} from '../../lib/service/access/guard-groups.ts';
import { guardInspectServices } from '../../lib/service/access/guard-inspect.ts';
import { guardServices } from '../../lib/service/access/guard-log.ts';
import { guardTransactionServices } from '../../lib/service/access/guard-transactions.ts';
import { type Background, createBackground } from '../../lib/service/background/background.ts';
import {
  createInspectServices,
  type InspectServices,
} from '../../lib/service/background/inspect-services.ts';
import {
  type CommitServices,
  createCommitServices,
  createGroupServices,
  createMembershipServices,
  type GroupServices,
  type MembershipServices,
} from '../../lib/service/group/group-services.ts';
import { createServices, type Services } from '../../lib/service/services.ts';
import {
  createTransactionServices,
  type TransactionServices,
} from '../../lib/service/transactions/transaction-services.ts';
import {
  type AwsStorageOptions,
  createAwsGroupStorage,
  createAwsLogStorage,
  createAwsStorage,
  type TableNames,
} from '../../lib/storage/aws/aws-storage.ts';
import { accessRules, denialLog, principalOf } from './access.ts';

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

/** Services, and where access lists are on, what of them each principal may use. */
export interface Runtime<Uses> {
  readonly services: Uses;
  readonly access: AppAccess<Uses> | undefined;
}

/** Asks nobody: the first request opens the first connection. */
export function createRuntime(invoker: Invoker = noInvoker, nudger?: Nudger): Runtime<Services> {
  const ports = { ...logStoragePorts(), invoker };
  const services = createServices(nudger === undefined ? ports : { ...ports, nudger });
  return guarded(services, accessOver(ports), guardServices);
}

/** The same for consumer groups. */
export function createGroupRuntime(): Runtime<GroupServices> {
  const storage = storagePorts();
  const ports = { ...storage, access: accessOver(storage) };
  return guarded(createGroupServices(ports), ports.access, guardGroupServices);
}

/** The same for who is in groups: the functions that are called most often begin without S3. */
export function createMembershipRuntime(): Runtime<MembershipServices> {
  const ports = groupPorts();
  return guarded(createMembershipServices(ports), ports.access, guardMembershipServices);
}

/** The same for claims and commits. */
export function createCommitRuntime(): Runtime<CommitServices> {
  const ports = groupPorts();
  return guarded(createCommitServices(ports), ports.access, guardCommitServices);
}

/** What groups are looked after with. */
export function groupPorts() {
  const ports = surroundings(createAwsGroupStorage(storageOptions()));
  return { ...ports, access: accessOver(ports) };
}

/** The same for producer ids. */
export function createTransactionRuntime(): Runtime<TransactionServices> {
  const ports = storagePorts();
  return guarded(createTransactionServices(ports), accessOver(ports), guardTransactionServices);
}

/** The same for background jobs. */
export function createBackgroundRuntime(): Background {
  return createBackground(storagePorts());
}

/** The same for looking at what is stored. */
export function createInspectRuntime(): Runtime<InspectServices> {
  const ports = storagePorts();
  return guarded(createInspectServices(ports), accessOver(ports), guardInspectServices);
}

function storagePorts() {
  return surroundings(createAwsStorage(storageOptions()));
}

/** Those of the log itself. */
export function logStoragePorts() {
  return surroundings(createAwsLogStorage(storageOptions()));
}

function storageOptions(): AwsStorageOptions {
  return { bucket: setting('STRATALOG_BUCKET'), tables: tableNames() };
}

function surroundings<Storage>(storage: Storage) {
  return { ...storage, clock, random: { randomBytes: (count: number) => randomBytes(count) } };
}

/** Undefined where access lists are off. */
function accessOver(ports: AccessPorts): Access | undefined {
  const rules = accessRules();
  return rules && createAccess(ports, rules, denialLog());
}

export function guarded<Uses>(
  services: Uses,
  access: Access | undefined,
  guard: (services: Uses, rights: Rights) => Uses,
): Runtime<Uses> {
  if (access === undefined) return { services, access };
  return {
    services,
    access: {
      principalOf,
      servicesFor: async (principal) => guard(services, await access.rightsOf(principal)),
    },
  };
}
