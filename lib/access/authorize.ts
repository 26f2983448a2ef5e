// What the entries of an access list allow: Kafka's rules (org.apache.kafka.metadata.authorizer.StandardAuthorizer).
//
// - An entry counts for a resource when it names it, names `*`, or names a prefix of its name; and for a principal when
//   it names it, or everybody.
// - One that denies wins over all that allow, however much more exact they are.
// - Allowing READ, WRITE, DELETE or ALTER allows DESCRIBE; ALTER_CONFIGS allows DESCRIBE_CONFIGS. Denying implies nothing.
// - Where no entry, of anybody, is about a resource, the default decides; where one is, who isn't allowed is denied.
// - Super users may do everything.

import {
  type Acl,
  type AclOperation,
  EVERY_RESOURCE,
  type Resource,
  type ResourceType,
} from './acl.ts';
import { EVERYBODY } from './principal.ts';

export interface AccessRules {
  /** Principals that no entry concerns. */
  readonly superUsers: ReadonlySet<string>;
  /** Kafka's allow.everyone.if.no.acl.found. */
  readonly allowIfNoAcl: boolean;
}

/** What the entries of one pattern say of one principal. */
interface Permissions {
  readonly allow: Set<AclOperation>;
  readonly deny: Set<AclOperation>;
}

/** By principal. */
type PatternAcls = Map<string, Permissions>;

interface TypeAcls {
  readonly literal: Map<string, PatternAcls>;
  readonly prefixed: Map<string, PatternAcls>;
  /** Of the prefixes, each once: a look-up for each says all that a name begins with. */
  readonly prefixLengths: Set<number>;
}

/** Entries, so that a decision costs a few look-ups however many there are. */
export type AclIndex = ReadonlyMap<ResourceType, TypeAcls>;

export function indexAcls(acls: readonly Acl[]): AclIndex {
  const index = new Map<ResourceType, TypeAcls>();
  for (const acl of acls) {
    const ofType = getOrAdd(index, acl.resourceType, newTypeAcls);
    const isPrefix = acl.patternType === 'PREFIXED';
    if (isPrefix) ofType.prefixLengths.add(acl.resourceName.length);
    const patterns = isPrefix ? ofType.prefixed : ofType.literal;
    const principals = getOrAdd(patterns, acl.resourceName, newPatternAcls);
    const permissions = getOrAdd(principals, acl.principal, newPermissions);
    permissions[acl.permission === 'ALLOW' ? 'allow' : 'deny'].add(acl.operation);
  }
  return index;
}

/** Who wants to do what. */
export interface Wish {
  readonly principal: string;
  readonly operation: AclOperation;
}

export function isAllowed(
  index: AclIndex,
  rules: AccessRules,
  wish: Wish & { readonly resource: Resource },
): boolean {
  if (rules.superUsers.has(wish.principal)) return true;
  const found = patternsOf(index, wish.resource);
  if (found.length === 0) return rules.allowIfNoAcl;
  const permissions = found.flatMap((acls) => permissionsOf(acls, wish.principal));
  if (permissions.some(({ deny }) => denies(deny, wish.operation))) return false;
  return permissions.some(({ allow }) => allows(allow, wish.operation));
}

/**
 * Whether the principal may do it with some resource of a type, known or not: what Kafka asks where a request names
 * none. A pattern that allows counts unless one that denies covers all of it.
 */
export function isAllowedSomewhere(
  index: AclIndex,
  rules: AccessRules,
  wish: Wish & { readonly resourceType: ResourceType },
): boolean {
  if (rules.superUsers.has(wish.principal)) return true;
  const ofType = index.get(wish.resourceType) ?? newTypeAcls();
  const says = (verdict: 'allow' | 'deny', acls: PatternAcls): boolean =>
    permissionsOf(acls, wish.principal).some((permissions) =>
      denies(permissions[verdict], wish.operation),
    );
  const names = (verdict: 'allow' | 'deny', patterns: Map<string, PatternAcls>): string[] =>
    [...patterns].filter(([, acls]) => says(verdict, acls)).map(([name]) => name);
  const denied = new Set(names('deny', ofType.literal));
  if (denied.has(EVERY_RESOURCE)) return false;
  if (rules.allowIfNoAcl && !ofType.literal.has(EVERY_RESOURCE)) return true;
  const deniedPrefixes = names('deny', ofType.prefixed);
  const isCovered = (name: string): boolean =>
    deniedPrefixes.some((prefix) => name.startsWith(prefix));
  const literal = names('allow', ofType.literal);
  return (
    literal.includes(EVERY_RESOURCE) ||
    literal.some((name) => !denied.has(name) && !isCovered(name)) ||
    names('allow', ofType.prefixed).some((prefix) => !isCovered(prefix))
  );
}

/** Every pattern that the resource falls under. */
function patternsOf(index: AclIndex, { type, name }: Resource): readonly PatternAcls[] {
  const ofType = index.get(type);
  if (ofType === undefined) return [];
  const { literal, prefixed, prefixLengths } = ofType;
  const lengths = [...prefixLengths].filter((length) => length <= name.length);
  return [
    literal.get(name),
    name === EVERY_RESOURCE ? undefined : literal.get(EVERY_RESOURCE),
    ...lengths.map((length) => prefixed.get(name.slice(0, length))),
  ].filter((acls) => acls !== undefined);
}

function permissionsOf(acls: PatternAcls, principal: string): readonly Permissions[] {
  return [acls.get(principal), principal === EVERYBODY ? undefined : acls.get(EVERYBODY)].filter(
    (permissions) => permissions !== undefined,
  );
}

const IMPLYING: Readonly<Partial<Record<AclOperation, readonly AclOperation[]>>> = {
  DESCRIBE: ['READ', 'WRITE', 'DELETE', 'ALTER'],
  DESCRIBE_CONFIGS: ['ALTER_CONFIGS'],
};

function denies(denied: ReadonlySet<AclOperation>, operation: AclOperation): boolean {
  return denied.has('ALL') || denied.has(operation);
}

function allows(allowed: ReadonlySet<AclOperation>, operation: AclOperation): boolean {
  const implying = IMPLYING[operation] ?? [];
  return allowed.has('ALL') || allowed.has(operation) || implying.some((one) => allowed.has(one));
}

function newTypeAcls(): TypeAcls {
  return { literal: new Map(), prefixed: new Map(), prefixLengths: new Set() };
}

function newPatternAcls(): PatternAcls {
  return new Map();
}

function newPermissions(): Permissions {
  return { allow: new Set(), deny: new Set() };
}

function getOrAdd<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const there = map.get(key);
  if (there !== undefined) return there;
  const made = make();
  map.set(key, made);
  return made;
}
