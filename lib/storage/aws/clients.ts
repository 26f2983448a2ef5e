// The two SDK clients, made once a process and kept: connections stay open between requests. Attempts and timeouts
// are ours, not the SDK's defaults: one attempt a call, because the services retry with bounds where it is safe.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import {
  HEAD_REQUEST_TIMEOUT_MS,
  OBJECT_REQUEST_TIMEOUT_MS,
  STORAGE_CONNECT_TIMEOUT_MS,
  STORAGE_CONNECTIONS_MAX,
} from '../../limits.ts';

export interface ClientOptions {
  /** Else AWS_REGION. */
  readonly region?: string;
  /** Of both services, instead of AWS's own: emulators. Else AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL. */
  readonly endpoint?: string;
  /** Of S3 where it isn't `endpoint`. */
  readonly s3Endpoint?: string;
  /** Else what the SDK finds: the function's role, a profile, the environment. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export interface AwsClients {
  readonly dynamodb: DynamoDBClient;
  readonly s3: S3Client;
}

export function createClients(options: ClientOptions = {}): AwsClients {
  return { dynamodb: createDynamodbClient(options), s3: createS3Client(options) };
}

export function createDynamodbClient(options: ClientOptions): DynamoDBClient {
  const environment = process.env;
  const endpoint =
    options.endpoint ?? environment.AWS_ENDPOINT_URL_DYNAMODB ?? environment.AWS_ENDPOINT_URL;
  return new DynamoDBClient({
    ...commonOptions(options),
    ...(endpoint === undefined ? {} : { endpoint }),
    requestHandler: connections(HEAD_REQUEST_TIMEOUT_MS),
  });
}

function createS3Client(options: ClientOptions): S3Client {
  const environment = process.env;
  const endpoint =
    options.s3Endpoint ??
    options.endpoint ??
    environment.AWS_ENDPOINT_URL_S3 ??
    environment.AWS_ENDPOINT_URL;
  return new S3Client({
    ...commonOptions(options),
    // Emulators know no host names of buckets.
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    // A range's checksum isn't known, and batches carry their own.
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: connections(OBJECT_REQUEST_TIMEOUT_MS),
  });
}

function commonOptions({ region, credentials }: ClientOptions) {
  return {
    maxAttempts: 1,
    ...(region === undefined ? {} : { region }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}

/** A request that isn't answered in time fails; one that waits for a connection counts as well. */
function connections(requestTimeoutMs: number) {
  const agent = { keepAlive: true, maxSockets: STORAGE_CONNECTIONS_MAX };
  return {
    connectionTimeout: STORAGE_CONNECT_TIMEOUT_MS,
    requestTimeout: requestTimeoutMs,
    throwOnRequestTimeout: true,
    socketTimeout: requestTimeoutMs,
    httpAgent: agent,
    httpsAgent: agent,
  };
}
