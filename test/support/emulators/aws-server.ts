// What a test needs of an emulator: clients made as the product makes them, and tables and buckets of its own.

import {
  CreateTableCommand,
  type DynamoDBClient,
  type KeySchemaElement,
} from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import type { TableNames } from '../../../lib/storage/aws/aws-storage.ts';
import { type AwsClients, createClients } from '../../../lib/storage/aws/clients.ts';
import type { Server } from './server.ts';

export const REGION = 'us-east-1';

export interface AwsServer extends Server {
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Clients of servers for DynamoDB and S3, which may be one. They send no read that may be answered with what was. */
export function clientsOf(servers: {
  readonly dynamodb: AwsServer | Server;
  readonly s3?: AwsServer;
}): AwsClients {
  const { dynamodb, s3 } = servers;
  const credentials =
    s3?.credentials ?? ('credentials' in dynamodb ? dynamodb.credentials : TEST_CREDENTIALS);
  const clients = createClients({
    region: REGION,
    endpoint: dynamodb.endpoint,
    s3Endpoint: (s3 ?? dynamodb).endpoint,
    credentials,
  });
  demandConsistency(clients.dynamodb);
  return clients;
}

const READS: ReadonlySet<string> = new Set([
  'GetItemCommand',
  'BatchGetItemCommand',
  'QueryCommand',
  'ScanCommand',
]);

/** No emulator answers with anything but what is, so none would show a read that isn't strongly consistent ✗. */
function demandConsistency(client: DynamoDBClient): void {
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      (args) => {
        const asks: object[] = 'RequestItems' in args.input ? tablesOf(args.input) : [args.input];
        const isConsistent = asks.every((ask) => 'ConsistentRead' in ask && ask.ConsistentRead);
        if (READS.has(commandName) && !isConsistent) {
          throw new Error(`${commandName} is not strongly consistent`);
        }
        return next(args);
      },
    { step: 'initialize' },
  );
}

function tablesOf({ RequestItems: tables }: { readonly RequestItems?: unknown }): object[] {
  return Object.values(tables ?? {});
}

/** For emulators that check none. */
const TEST_CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'testtest' };

/** The tables' keys, as the stack declares them. */
const TABLE_KEYS: Readonly<Record<keyof TableNames, readonly string[]>> = {
  topics: ['topic'],
  heads: ['pk'],
  index: ['pk', 'sk'],
  groups: ['group', 'sk'],
  producers: ['id', 'sk'],
  acls: ['resource', 'principal'],
};

/** Table names that nobody else of this process has. */
export function tableNames(prefix: string): TableNames {
  const name = (concern: keyof TableNames) => `${prefix}-${concern}`;
  return {
    topics: name('topics'),
    heads: name('heads'),
    index: name('index'),
    groups: name('groups'),
    producers: name('producers'),
    acls: name('acls'),
  };
}

/** Creates the tables, or those of them that are asked for, with the stack's keys, on demand. */
export async function createTables(
  client: DynamoDBClient,
  names: TableNames,
  concerns: readonly (keyof TableNames)[] = [
    'topics',
    'heads',
    'index',
    'groups',
    'producers',
    'acls',
  ],
): Promise<void> {
  for (const concern of concerns)
    await client.send(createTable(names[concern], TABLE_KEYS[concern]));
}

export async function createBucket(client: S3Client, name: string): Promise<void> {
  await client.send(new CreateBucketCommand({ Bucket: name }));
}

function createTable(name: string, keys: readonly string[]): CreateTableCommand {
  const schema: KeySchemaElement[] = keys.map((key, index) => ({
    AttributeName: key,
    KeyType: index === 0 ? 'HASH' : 'RANGE',
  }));
  return new CreateTableCommand({
    TableName: name,
    KeySchema: schema,
    AttributeDefinitions: keys.map((key) => ({ AttributeName: key, AttributeType: 'S' })),
    BillingMode: 'PAY_PER_REQUEST',
  });
}
