// stratalog acls …: options as kafka-acls has them.

import {
  type AclEntry,
  type AclFilter,
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  ResourcePatternTypes,
} from '../../client/admin-acls.ts';
import {
  type Command,
  type CommandContext,
  choiceValue,
  listValue,
  type OptionSpecs,
  textValue,
  UsageError,
  type Values,
} from '../command.ts';
import type { Column } from '../output.ts';

type OperationName = Exclude<keyof typeof AclOperationTypes, 'UNKNOWN' | 'ANY'>;
type TypeName = 'TOPIC' | 'GROUP' | 'CLUSTER' | 'TRANSACTIONAL_ID';

interface NamedResource {
  readonly type: TypeName;
  readonly name: string;
}

/** What a program that only sends, or only reads, needs of each type. */
const ROLES: Readonly<Record<'producer' | 'consumer', Partial<Record<TypeName, OperationName[]>>>> =
  {
    producer: {
      TOPIC: ['WRITE', 'DESCRIBE', 'CREATE'],
      TRANSACTIONAL_ID: ['WRITE', 'DESCRIBE'],
      CLUSTER: ['IDEMPOTENT_WRITE'],
    },
    consumer: { TOPIC: ['READ', 'DESCRIBE'], GROUP: ['READ'] },
  };
const ANY = 1;
const CLUSTER = 'kafka-cluster';
const PATTERNS = ['literal', 'prefixed'] as const;

async function listAcls({ client, values, output }: CommandContext): Promise<void> {
  const pattern = choiceValue(values, 'resource-pattern-type', [...PATTERNS, 'match', 'any']);
  const principal = textValue(values, 'principal');
  const base = {
    resourcePatternType: patternNumber(pattern ?? 'any'),
    operation: ANY,
    permissionType: ANY,
    ...(principal === undefined ? {} : { principal }),
  };
  const resources = resourcesOf(values);
  const filters: readonly AclFilter[] =
    resources.length === 0
      ? [{ ...base, resourceType: ANY }]
      : resources.map(({ type, name }) => ({
          ...base,
          resourceType: AclResourceTypes[type],
          resourceName: name,
        }));
  const entries: AclEntry[] = [];
  for (const filter of filters) {
    const { resources: found } = await client.admin().describeAcls(filter);
    for (const { acls, ...resource } of found) {
      entries.push(...acls.map((acl) => ({ ...resource, ...acl })));
    }
  }
  const shown = entries.map(shownOf);
  await output.show(shown, COLUMNS);
}

async function addAcls({ client, values, output }: CommandContext): Promise<void> {
  const acl = entriesOf(values);
  await client.admin().createAcls({ acl });
  await output.show(acl.map(shownOf), COLUMNS);
}

async function removeAcls({ client, values, output }: CommandContext): Promise<void> {
  const filters = values.all === true ? everythingOf(values) : entriesOf(values);
  const { filterResponses } = await client.admin().deleteAcls({ filters });
  const removed = filterResponses.flatMap(({ matchingAcls }) => matchingAcls);
  await output.show(removed.map(shownOf), COLUMNS);
  if (removed.length === 0) output.note('there was none of these');
}

/** Every entry that the options stand for. */
export function entriesOf(values: Values): readonly AclEntry[] {
  const resources = resourcesOf(values);
  const principals = principalsOf(values);
  if (resources.length === 0) throw new UsageError(`say what it is about: ${RESOURCE_OPTIONS}`);
  if (principals.length === 0) {
    throw new UsageError('say whom it is about: --allow-principal or --deny-principal');
  }
  const isWhole = values.topic !== undefined && values.group !== undefined;
  if (values.consumer === true && !isWhole) {
    throw new UsageError('--consumer needs --topic and --group');
  }
  return resources.flatMap((resource) =>
    operationsOf(values, resource.type).flatMap((operation) =>
      principals.map((principal) => entryOf(values, resource, { operation, ...principal })),
    ),
  );
}

function everythingOf(values: Values): readonly AclFilter[] {
  if (principalsOf(values).length > 0 || operationOptions(values).length > 0) {
    throw new UsageError(
      '--all removes every entry of a resource: it takes no principal, no operation',
    );
  }
  const resources = resourcesOf(values);
  if (resources.length === 0) throw new UsageError(`say of what: ${RESOURCE_OPTIONS}`);
  return resources.map(({ type, name }) => ({
    resourceType: AclResourceTypes[type],
    resourceName: name,
    resourcePatternType: patternOf(values, type),
    operation: ANY,
    permissionType: ANY,
  }));
}

function entryOf(
  values: Values,
  { type, name }: NamedResource,
  who: {
    readonly operation: OperationName;
    readonly principal: string;
    readonly permissionType: number;
  },
): AclEntry {
  return {
    resourceType: AclResourceTypes[type],
    resourceName: name,
    resourcePatternType: patternOf(values, type),
    ...who,
    host: '*',
    operation: AclOperationTypes[who.operation],
  };
}

function resourcesOf(values: Values): readonly NamedResource[] {
  const named = (type: TypeName, option: string): NamedResource[] =>
    listValue(values, option).map((name) => ({ type, name }));
  const isWide = values.cluster === true || values.idempotent === true;
  return [
    ...named('TOPIC', 'topic'),
    ...named('GROUP', 'group'),
    ...named('TRANSACTIONAL_ID', 'transactional-id'),
    ...(isWide ? [{ type: 'CLUSTER', name: CLUSTER } as const] : []),
  ];
}

function principalsOf(values: Values) {
  const listed = (option: string, permissionType: number) =>
    listValue(values, option).map((principal) => ({ principal, permissionType }));
  return [
    ...listed('allow-principal', AclPermissionTypes.ALLOW),
    ...listed('deny-principal', AclPermissionTypes.DENY),
  ];
}

const operationOptions = (values: Values): readonly string[] => [
  ...listValue(values, 'operation'),
  ...['producer', 'consumer', 'idempotent'].filter((name) => values[name] === true),
];

function operationsOf(values: Values, type: TypeName): readonly OperationName[] {
  const roles = (['producer', 'consumer'] as const).filter((role) => values[role] === true);
  const named = listValue(values, 'operation').map(operationNamed);
  if (roles.length === 0 && named.length === 0) {
    return type === 'CLUSTER' && values.idempotent === true ? ['IDEMPOTENT_WRITE'] : ['ALL'];
  }
  const operations = [...named, ...roles.flatMap((role) => ROLES[role][type] ?? [])];
  if (operations.length > 0) return [...new Set(operations)];
  throw new UsageError(`a ${roles.join(' and ')} needs nothing of ${type}: leave it out`);
}

/** `DescribeConfigs` and `describe-configs` as well as `DESCRIBE_CONFIGS`. */
function operationNamed(text: string): OperationName {
  const plain = (name: string): string => name.replaceAll(/[_-]/g, '').toUpperCase();
  const names = Object.keys(AclOperationTypes) as (keyof typeof AclOperationTypes)[];
  for (const name of names) {
    if (name !== 'UNKNOWN' && name !== 'ANY' && plain(name) === plain(text)) return name;
  }
  const known = names.slice(2).join(', ');
  throw new UsageError(`--operation takes ${known}, not "${text}"`);
}

/** There is one cluster, and it has no prefix. */
function patternOf(values: Values, type: TypeName): number {
  const pattern = choiceValue(values, 'resource-pattern-type', PATTERNS) ?? 'literal';
  return patternNumber(type === 'CLUSTER' ? 'literal' : pattern);
}

function patternNumber(name: 'literal' | 'prefixed' | 'match' | 'any'): number {
  const upper = name.toUpperCase() as 'LITERAL' | 'PREFIXED' | 'MATCH' | 'ANY';
  return ResourcePatternTypes[upper];
}

function shownOf(entry: AclEntry) {
  const name = (types: Readonly<Record<string, number>>, number: number): string =>
    Object.keys(types).find((one) => types[one] === number) ?? String(number);
  return {
    resourceType: name(AclResourceTypes, entry.resourceType),
    resourceName: entry.resourceName,
    patternType: name(ResourcePatternTypes, entry.resourcePatternType),
    principal: entry.principal,
    permission: name(AclPermissionTypes, entry.permissionType),
    operation: name(AclOperationTypes, entry.operation),
  };
}
type Shown = ReturnType<typeof shownOf>;

const COLUMNS: readonly Column<Shown>[] = [
  { title: 'RESOURCE', text: ({ resourceType }) => resourceType },
  { title: 'NAME', text: ({ resourceName }) => resourceName },
  { title: 'PATTERN', text: ({ patternType }) => patternType },
  { title: 'PRINCIPAL', text: ({ principal }) => principal },
  { title: 'PERMISSION', text: ({ permission }) => permission },
  { title: 'OPERATION', text: ({ operation }) => operation },
];

const RESOURCE_OPTIONS = '--topic, --group, --transactional-id or --cluster';
const several = (placeholder: string, help: string) =>
  ({ type: 'string', multiple: true, placeholder, help: `${help}; several times` }) as const;
const RESOURCES: OptionSpecs = {
  topic: several('name', 'about this topic, * for every one'),
  group: several('id', 'about this consumer group'),
  'transactional-id': several('id', 'about this transactional id'),
  cluster: { type: 'boolean', help: 'about the log as a whole' },
};
const PATTERN = (help: string) =>
  ({ 'resource-pattern-type': { type: 'string', placeholder: 'pattern', help } }) as const;
const ENTRIES: OptionSpecs = {
  ...RESOURCES,
  ...PATTERN('literal (default), or prefixed: every name that begins so'),
  'allow-principal': several('User:name', 'whom it allows, User:* for everybody'),
  'deny-principal': several('User:name', 'whom it denies'),
  operation: several('name', 'Read, Write, DescribeConfigs …; default All'),
  producer: { type: 'boolean', help: 'what a producer needs of --topic and --transactional-id' },
  consumer: { type: 'boolean', help: 'what a consumer needs of --topic and --group' },
  idempotent: { type: 'boolean', help: 'and IdempotentWrite on the cluster' },
};

export const ACL_COMMANDS: readonly Command[] = [
  {
    name: 'acls list',
    usage: '',
    summary: 'list entries of the access lists',
    positionals: { min: 0, max: 0 },
    options: {
      ...RESOURCES,
      ...PATTERN('literal, prefixed, any (default), or match: all that are about the name'),
      principal: { type: 'string', placeholder: 'User:name', help: 'of this one' },
    },
    examples: ['stratalog acls list --topic orders --resource-pattern-type match'],
    run: listAcls,
  },
  {
    name: 'acls add',
    usage: '',
    summary: 'add entries: who may, or may not, do what',
    positionals: { min: 0, max: 0 },
    options: ENTRIES,
    examples: [
      'stratalog acls add --allow-principal User:shop --producer --topic orders',
      'stratalog acls add --allow-principal User:billing --consumer --topic orders --group billing',
      "stratalog acls add --deny-principal 'User:*' --operation Delete --topic audit- --resource-pattern-type prefixed",
    ],
    run: addAcls,
  },
  {
    name: 'acls remove',
    usage: '',
    summary: 'remove entries, or all of a resource',
    positionals: { min: 0, max: 0 },
    options: { ...ENTRIES, all: { type: 'boolean', help: 'every entry of these resources' } },
    examples: [
      'stratalog acls remove --allow-principal User:shop --producer --topic orders',
      'stratalog acls remove --all --topic orders',
    ],
    run: removeAcls,
  },
];
