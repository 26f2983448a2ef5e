// How the tables and the bucket are, for people who look for what is wrong. No part of the log's own paths.

import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { GetBucketVersioningCommand, HeadBucketCommand } from '@aws-sdk/client-s3';
import type { AwsClients } from './clients.ts';

export interface TableFacts {
  /** DynamoDB's word: `ACTIVE` is what it should be. */
  readonly status: string;
  /** Whether it can be restored to any second of its window. */
  readonly isRestorable: boolean;
  readonly isProtected: boolean;
}

export interface BucketFacts {
  readonly isVersioned: boolean;
}

/** Why it could not be looked at. */
export interface Unseen {
  readonly kind: 'missing' | 'denied' | 'failed';
  readonly message: string;
}

export type Seen<Facts> = (Facts & { readonly kind: 'seen' }) | Unseen;

/** Whoever asks gets the SDK's own search: environment, profiles, roles. */
export function findCredentials() {
  const { config } = new DynamoDBClient({ region: 'us-east-1' });
  return () => config.credentials();
}

export async function inspectTable(
  { dynamodb }: AwsClients,
  name: string,
): Promise<Seen<TableFacts>> {
  try {
    const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName: name }));
    const backups = await dynamodb.send(new DescribeContinuousBackupsCommand({ TableName: name }));
    const recovery = backups.ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
    return {
      kind: 'seen',
      status: Table?.TableStatus ?? 'unknown',
      isRestorable: recovery?.PointInTimeRecoveryStatus === 'ENABLED',
      isProtected: Table?.DeletionProtectionEnabled === true,
    };
  } catch (error) {
    return unseen(error);
  }
}

export async function inspectBucket({ s3 }: AwsClients, name: string): Promise<Seen<BucketFacts>> {
  try {
    await s3.send(new HeadBucketCommand({ Bucket: name }));
    const { Status } = await s3.send(new GetBucketVersioningCommand({ Bucket: name }));
    return { kind: 'seen', isVersioned: Status === 'Enabled' };
  } catch (error) {
    return unseen(error);
  }
}

const MISSING = new Set(['ResourceNotFoundException', 'NotFound', 'NoSuchBucket']);

function unseen(error: unknown): Unseen {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  if (MISSING.has(name)) return { kind: 'missing', message: `${name}: ${message}` };
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  const isDenied = status === 403 || /AccessDenied|Unauthorized|Unrecognized/.test(name);
  return { kind: isDenied ? 'denied' : 'failed', message: `${name}: ${message}` };
}
