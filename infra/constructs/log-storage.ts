// What holds data: one bucket for records, one table a concern. The ids of these constructs are a contract: another id
// is another table, and the old one's data stays behind.

import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import {
  AttributeType,
  BillingMode,
  ContributorInsightsMode,
  Table,
  TableEncryption,
} from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement, type PolicyStatementProps, type Role } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { StageConfig } from '../stage-config.ts';

/** The tables and their keys: partition key, sort key. All are text. */
const TABLE_KEYS = {
  topics: ['topic'],
  heads: ['pk'],
  index: ['pk', 'sk'],
  groups: ['group', 'sk'],
  producers: ['id', 'sk'],
  acls: ['resource', 'principal'],
} as const satisfies Record<string, readonly [string, string?]>;

export type TableName = keyof typeof TABLE_KEYS;
const TABLE_NAMES: readonly TableName[] = [
  'topics',
  'heads',
  'index',
  'groups',
  'producers',
  'acls',
];

export type TableVerb =
  | 'BatchGetItem'
  | 'BatchWriteItem'
  | 'ConditionCheckItem'
  | 'DeleteItem'
  | 'GetItem'
  | 'PutItem'
  | 'Query'
  | 'Scan'
  | 'UpdateItem';

/** What a function may do: verbs on tables, and on the objects below a prefix. */
export interface StorageRights {
  readonly tables?: { readonly [Name in TableName]?: readonly TableVerb[] };
  readonly putObjects?: readonly ObjectPrefix[];
  /** Put them in parts, too. */
  readonly uploadObjects?: readonly ObjectPrefix[];
  readonly getObjects?: readonly ObjectPrefix[];
  /** And list them, and give unfinished uploads up. */
  readonly deleteObjects?: readonly ObjectPrefix[];
  /** List them, and unfinished uploads. */
  readonly listObjects?: readonly ObjectPrefix[];
}

/** Of the bucket's keys: produce requests as they came, and the segments that they are merged into. */
export type ObjectPrefix = 'wal/' | 'log/';

const KEY_VERBS = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
] as const;

export interface LogStorageProps {
  readonly config: StageConfig;
  /** Encrypts bucket and tables instead of the services' own keys. */
  readonly encryptionKey?: IKey | undefined;
}

export class LogStorage extends Construct {
  readonly bucket: Bucket;
  readonly tables: Readonly<Record<TableName, Table>>;
  readonly #encryptionKey: IKey | undefined;

  constructor(scope: Construct, id: string, props: LogStorageProps) {
    super(scope, id);
    this.#encryptionKey = props.encryptionKey;
    this.bucket = logBucket(this, props);
    const table = (name: TableName) => logTable(this, name, props);
    this.tables = {
      topics: table('topics'),
      heads: table('heads'),
      index: table('index'),
      groups: table('groups'),
      producers: table('producers'),
      acls: table('acls'),
    };
  }

  /** Tells a function where is what it may use; of the rest it doesn't know the names. */
  environment({ tables = {} }: StorageRights): Record<string, string> {
    const used = TABLE_NAMES.filter((name) => tables[name] !== undefined);
    const names = used.map((name): [string, string] => [
      `STRATALOG_TABLE_${name.toUpperCase()}`,
      this.tables[name].tableName,
    ]);
    if (names.length === 0) return {};
    return { STRATALOG_BUCKET: this.bucket.bucketName, ...Object.fromEntries(names) };
  }

  /** Grants exactly these verbs, and the encryption key's where there is one. */
  grant(role: Role, rights: StorageRights): void {
    const { tables = {}, getObjects = [], deleteObjects = [], listObjects = [] } = rights;
    for (const name of TABLE_NAMES) {
      const actions = (tables[name] ?? []).map((verb) => `dynamodb:${verb}`);
      if (actions.length > 0) allow(role, actions, [this.tables[name].tableArn]);
    }
    this.#grantObjects(role, ['PutObject'], rights.putObjects);
    this.#grantObjects(role, ['PutObject', 'AbortMultipartUpload'], rights.uploadObjects);
    this.#grantObjects(role, ['GetObject'], getObjects);
    this.#grantObjects(role, ['DeleteObject', 'AbortMultipartUpload'], deleteObjects);
    this.#grantListing(role, [...new Set([...getObjects, ...deleteObjects, ...listObjects])]);
    if (deleteObjects.length + listObjects.length > 0) {
      allow(role, ['s3:ListBucketMultipartUploads'], [this.bucket.bucketArn]);
    }
    this.#encryptionKey?.grant(role, ...KEY_VERBS);
  }

  /** Whoever reads needs it, too: without it S3 answers 403 instead of 404 for an object that is gone. */
  #grantListing(role: Role, prefixes: readonly ObjectPrefix[]): void {
    if (prefixes.length === 0) return;
    allow(role, ['s3:ListBucket'], [this.bucket.bucketArn], {
      StringLikeIfExists: { 's3:prefix': prefixes.map((prefix) => `${prefix}*`) },
    });
  }

  #grantObjects(
    role: Role,
    verbs: readonly string[],
    prefixes: readonly ObjectPrefix[] = [],
  ): void {
    if (prefixes.length === 0) return;
    const keys = prefixes.map((prefix) => `${prefix}*`);
    allow(
      role,
      verbs.map((verb) => `s3:${verb}`),
      keys.map((key) => this.bucket.arnForObjects(key)),
    );
    const bucketId = Stack.of(this).resolve(this.bucket.bucketArn)['Fn::GetAtt'][0];
    for (const key of keys) {
      Validations.of(role).acknowledge({
        id: `AwsSolutions-IAM5[Resource::<${bucketId}.Arn>/${key}]`,
        reason: `Objects below ${key} are named by ULIDs when they are written.`,
      });
    }
  }
}

function allow(
  role: Role,
  actions: string[],
  resources: string[],
  conditions?: PolicyStatementProps['conditions'],
): void {
  role.addToPolicy(
    new PolicyStatement({
      actions,
      resources,
      ...(conditions === undefined ? {} : { conditions }),
    }),
  );
}

function logBucket(scope: Construct, { config, encryptionKey }: LogStorageProps): Bucket {
  const bucket = new Bucket(scope, 'Bucket', {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    ...(encryptionKey === undefined
      ? { encryption: BucketEncryption.S3_MANAGED }
      : { encryption: BucketEncryption.KMS, encryptionKey, bucketKeyEnabled: true }),
    // What garbage collection deletes can be had back while the tables can be restored to a moment that names it.
    versioned: true,
    lifecycleRules: [
      { id: 'aborted-uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
      { id: 'restore-window', noncurrentVersionExpiration: config.restoreWindow },
      { id: 'delete-markers', expiredObjectDeleteMarker: true },
    ],
    removalPolicy: config.dataRemoval,
    autoDeleteObjects: config.dataRemoval === RemovalPolicy.DESTROY,
  });
  Validations.of(bucket).acknowledge({
    id: 'AwsSolutions-S1',
    reason:
      'A log line a request would cost more than many requests do; who did what is told by the access log of the API, and CloudTrail data events can be turned on for the bucket.',
  });
  return bucket;
}

function logTable(
  scope: Construct,
  name: TableName,
  { config, encryptionKey }: LogStorageProps,
): Table {
  const [partitionKey, sortKey]: readonly [string, string?] = TABLE_KEYS[name];
  const text = (attribute: string) => ({ name: attribute, type: AttributeType.STRING });
  return new Table(scope, tableId(name), {
    partitionKey: text(partitionKey),
    ...(sortKey === undefined ? {} : { sortKey: text(sortKey) }),
    billingMode: BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: {
      pointInTimeRecoveryEnabled: true,
      recoveryPeriodInDays: config.restoreWindow.toDays(),
    },
    deletionProtection: config.deletionProtection,
    ...(encryptionKey === undefined
      ? {}
      : { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey }),
    // States of producers that were silent for long.
    ...(name === 'index' ? { timeToLiveAttribute: 'expires' } : {}),
    // Names the partitions that are throttled, and costs only when some are.
    ...(name === 'heads'
      ? {
          contributorInsightsSpecification: {
            enabled: true,
            mode: ContributorInsightsMode.THROTTLED_KEYS,
          },
        }
      : {}),
    removalPolicy: config.dataRemoval,
  });
}

/** `topics` → `TopicsTable` */
function tableId(name: TableName): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}Table`;
}
