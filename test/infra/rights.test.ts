// Least privilege: what each function's role may do, said in full, and no `*` where a name would do.

import { describe, expect, it } from 'vitest';
import { resourcesOf, type Synthesised, synthesise } from '../support/deploy/template.ts';

interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | string[];
  readonly Resource: unknown;
}

const asList = <Item>(value: Item | Item[]): Item[] => (Array.isArray(value) ? value : [value]);

/** A resource as it reads: `HeadsTable`, `Bucket/wal/*`, `Produce.Function`. */
function resourceText(resource: unknown): string {
  if (typeof resource === 'string') return resource;
  const [[kind, value] = []] = Object.entries(resource as object) as [string, unknown][];
  if (kind === 'Fn::Join') {
    const [, parts] = value as [string, unknown[]];
    return parts.map(resourceText).join('');
  }
  const [logicalId] = kind === 'Fn::GetAtt' ? (value as string[]) : [String(value)];
  return (logicalId ?? '').replace(/^Log(Storage)?/, '').replace(/[0-9A-F]{8}$/, '');
}

/** Every statement of the identity policies, by the role that has it. */
function statementsByRole(stack: Synthesised): Map<string, Statement[]> {
  const byRole = new Map<string, Statement[]>();
  for (const [, { Properties }] of resourcesOf(stack, 'AWS::IAM::Policy')) {
    for (const role of Properties.Roles) {
      const name = resourceText(role).replace(/Role$/, '');
      const statements = byRole.get(name) ?? [];
      byRole.set(name, [...statements, ...Properties.PolicyDocument.Statement]);
    }
  }
  return byRole;
}

/** One line a resource: `HeadsTable: GetItem UpdateItem`. */
function rightsOf(statements: readonly Statement[]): string[] {
  const byResource = new Map<string, string[]>();
  for (const { Action, Resource } of statements) {
    for (const resource of asList(Resource).map(resourceText)) {
      const verbs = asList(Action).map((action) => action.replace(/^\w+:/, ''));
      byResource.set(resource, [...(byResource.get(resource) ?? []), ...verbs]);
    }
  }
  const lines = [...byResource].map(
    ([resource, verbs]) => `${resource}: ${verbs.sort().join(' ')}`,
  );
  return lines.filter((line) => !line.endsWith('CreateLogStream PutLogEvents')).sort();
}

const COORDINATE = 'DeleteItem GetItem PutItem Query UpdateItem';
const READ_RECORDS = [
  'Bucket/log/*: GetObject',
  'Bucket/wal/*: GetObject',
  'Bucket: ListBucket',
  'HeadsTable: BatchGetItem GetItem',
  'IndexTable: Query',
  'TopicsTable: GetItem',
];
const MEMBERSHIP = [`GroupsTable: ${COORDINATE}`, 'TopicsTable: GetItem Scan'];

const MANAGE_TOPICS = [
  'HeadsTable: BatchGetItem BatchWriteItem ConditionCheckItem DeleteItem GetItem PutItem UpdateItem',
  'TopicsTable: ConditionCheckItem DeleteItem GetItem PutItem Scan',
];

const RIGHTS: Readonly<Record<string, readonly string[]>> = {
  AppendProduce: [
    'AppendDeadLetters: GetQueueAttributes GetQueueUrl SendMessage',
    'AppendProduceFunction: InvokeFunction',
    'BackgroundBuildSegmentsFunction: InvokeFunction',
    'Bucket/wal/*: GetObject PutObject',
    'Bucket: ListBucket',
    'HeadsTable: BatchGetItem GetItem UpdateItem',
    'IndexTable: GetItem PutItem Query',
    'TopicsTable: GetItem',
  ],
  AppendTransactions: [
    'Bucket/wal/*: GetObject PutObject',
    'Bucket: ListBucket',
    'GroupsTable: UpdateItem',
    'HeadsTable: BatchGetItem GetItem UpdateItem',
    'IndexTable: PutItem',
    'ProducersTable: BatchGetItem GetItem PutItem UpdateItem',
    'TopicsTable: BatchGetItem GetItem',
  ],
  ReadFetch: READ_RECORDS,
  ReadListOffsets: READ_RECORDS,
  GroupJoin: MEMBERSHIP,
  GroupHeartbeat: MEMBERSHIP,
  GroupLeave: MEMBERSHIP,
  GroupCommit: [
    'GroupsTable: ConditionCheckItem DeleteItem GetItem PutItem Query UpdateItem',
    'HeadsTable: BatchGetItem GetItem',
    'TopicsTable: GetItem Scan',
  ],
  GroupFetchOffsets: [
    'Bucket/log/*: GetObject',
    'Bucket/wal/*: GetObject',
    'Bucket: ListBucket',
    'GroupsTable: ConditionCheckItem DeleteItem GetItem PutItem Query UpdateItem',
    'HeadsTable: BatchGetItem GetItem',
    'IndexTable: Query',
    'TopicsTable: GetItem Scan',
  ],
  GroupGroups: [
    'GroupsTable: DeleteItem GetItem PutItem Query Scan UpdateItem',
    'HeadsTable: BatchGetItem GetItem',
    'IndexTable: Query',
    'TopicsTable: GetItem Scan',
  ],
  AdminTopics: MANAGE_TOPICS,
  AdminEnsureTopic: MANAGE_TOPICS,
  AdminAcls: [],
  AdminInspect: [
    'Bucket: ListBucket ListBucketMultipartUploads',
    'HeadsTable: BatchGetItem GetItem',
    'IndexTable: GetItem Query',
    'TopicsTable: GetItem Scan',
  ],
  AdminMeta: [],
  BackgroundBuildSegments: [
    'Bucket/log/*: AbortMultipartUpload GetObject PutObject',
    'Bucket/wal/*: GetObject',
    'Bucket: ListBucket',
    'HeadsTable: BatchGetItem GetItem UpdateItem',
    'IndexTable: BatchWriteItem DeleteItem GetItem PutItem Query UpdateItem',
    'TopicsTable: Scan',
  ],
  BackgroundApplyRetention: [
    'HeadsTable: BatchGetItem GetItem UpdateItem',
    'IndexTable: ConditionCheckItem DeleteItem GetItem PutItem Query',
    'TopicsTable: Scan',
  ],
  BackgroundCompactLog: [
    'Bucket/log/*: AbortMultipartUpload GetObject PutObject',
    'Bucket: ListBucket',
    'HeadsTable: BatchGetItem GetItem',
    'IndexTable: ConditionCheckItem DeleteItem GetItem PutItem Query UpdateItem',
    'TopicsTable: Scan',
  ],
  BackgroundWatchGroups: [
    'GroupsTable: DeleteItem GetItem PutItem Query Scan UpdateItem',
    'HeadsTable: BatchGetItem GetItem',
    'IndexTable: Query',
    'TopicsTable: GetItem Scan',
  ],
  BackgroundCollectGarbage: [
    'Bucket/log/*: AbortMultipartUpload DeleteObject',
    'Bucket/wal/*: AbortMultipartUpload DeleteObject',
    'Bucket: ListBucket ListBucketMultipartUploads',
    'HeadsTable: BatchGetItem BatchWriteItem GetItem Scan UpdateItem',
    'IndexTable: BatchWriteItem DeleteItem GetItem PutItem Query UpdateItem',
    'TopicsTable: DeleteItem PutItem Scan',
  ],
};

describe('the roles of the functions', () => {
  const roles = statementsByRole(synthesise());

  it('are one a function', () => {
    expect([...roles.keys()].sort()).toEqual(Object.keys(RIGHTS).sort());
  });

  it.each(Object.keys(RIGHTS))('%s may do what it needs, and nothing else', (role) => {
    expect(rightsOf(roles.get(role) ?? [])).toEqual(RIGHTS[role]);
  });
});

describe('the roles of the functions where access lists are on', () => {
  const roles = statementsByRole(synthesise({ acls: { superUsers: ['User:root'] } }));
  const ACLS = 'AclsTable: GetItem Scan';
  const guarded = Object.keys(RIGHTS).filter((role) =>
    /^(Append|Read|Group|AdminTopics|AdminInspect|BackgroundWatchGroups)/.test(role),
  );

  it.each(guarded)('%s reads them, and gets nothing else by it', (role) => {
    expect(rightsOf(roles.get(role) ?? [])).toEqual([...(RIGHTS[role] ?? []), ACLS].sort());
  });

  it('only the function for it changes them', () => {
    expect(rightsOf(roles.get('AdminAcls') ?? [])).toEqual([
      'AclsTable: DeleteItem GetItem Scan UpdateItem',
    ]);
  });

  it('nobody else comes near them', () => {
    const others = Object.keys(RIGHTS).filter(
      (role) => !guarded.includes(role) && role !== 'AdminAcls',
    );
    for (const role of others) expect(rightsOf(roles.get(role) ?? [])).toEqual(RIGHTS[role]);
  });
});

/** What has no name to give: all objects below a prefix, all streams of one log group. */
const OPEN_ENDS = [/^Bucket\/(wal|log)\/\*$/];

function wildcards(stack: Synthesised): string[] {
  return [...statementsByRole(stack)].flatMap(([role, statements]) =>
    statements.flatMap(({ Action, Resource }) =>
      [...asList(Action), ...asList(Resource).map(resourceText)]
        .filter((text) => text.includes('*') && !OPEN_ENDS.some((open) => open.test(text)))
        .map((text) => `${role}: ${text} (${asList(Action).join(', ')})`),
    ),
  );
}

describe('a policy', () => {
  it.each([
    ['of the default', {}],
    ['of the stage dev', { stage: 'dev' }],
    ['behind a REST API', { api: 'rest' }],
    ['with access lists', { acls: { superUsers: ['User:root'] } }],
  ] as const)('%s has no * where a name would do', (_, props) => {
    expect(wildcards(synthesise(props))).toEqual([]);
  });

  it('has one for tracing alone, which takes no resource', () => {
    const stars = wildcards(synthesise({ tracing: true }));
    expect(stars).not.toEqual([]);
    for (const star of stars) expect(star).toMatch(/: \* \(xray:Put\w+, xray:Put\w+\)$/);
  });

  it('gives the right to invoke a function to the API and to the schedules only', () => {
    for (const [, { Properties }] of resourcesOf(synthesise(), 'AWS::Lambda::Permission')) {
      const { Principal, FunctionName, SourceArn } = Properties;
      const isJob = resourceText(FunctionName).startsWith('Background');
      expect(Principal).toBe(isJob ? 'events.amazonaws.com' : 'apigateway.amazonaws.com');
      const source = isJob ? /^Background\w+Schedule$/ : /HttpApi.*\/\*\/\*$/;
      expect(resourceText(SourceArn)).toMatch(source);
    }
  });
});
