// What is appended after it was answered (acks=0): the produce function invokes itself asynchronously. Lambda keeps the
// event, and delivers it at least once; the object's id in it is what makes a second delivery stop.

import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { HEAD_REQUEST_TIMEOUT_MS, STORAGE_CONNECT_TIMEOUT_MS } from '../../limits.ts';
import type { Invoker, LateAppend } from '../../ports/environment.ts';
import { sent } from './errors.ts';

/** The event, as JSON: batches in base64. */
export interface LateAppendEvent {
  readonly kind: 'late-append';
  /** The function that answered has seen to it that it may be appended. */
  readonly authorized?: boolean;
  /** Else: who hands it over. */
  readonly principal?: string;
  readonly objectId: string;
  readonly partitions: readonly {
    readonly topicName: string;
    readonly partition: number;
    readonly batches: string;
  }[];
}

export function encodeLateAppend(late: LateAppend): LateAppendEvent {
  return {
    kind: 'late-append',
    authorized: true,
    objectId: late.objectId,
    partitions: late.partitions.map((part) => ({
      topicName: part.topicName,
      partition: part.partition,
      batches: Buffer.from(part.batches).toString('base64'),
    })),
  };
}

export function decodeLateAppend(event: LateAppendEvent): LateAppend {
  return {
    objectId: event.objectId,
    partitions: event.partitions.map((part) => ({
      topicName: part.topicName,
      partition: part.partition,
      batches: Buffer.from(part.batches, 'base64'),
    })),
  };
}

/** `functionName` takes `LateAppendEvent`. Credentials and region as the SDK finds them. */
export function createLambdaInvoker(options: {
  readonly functionName: string;
  readonly endpoint?: string;
}): Invoker {
  const client = new LambdaClient({
    maxAttempts: 2,
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    requestHandler: {
      connectionTimeout: STORAGE_CONNECT_TIMEOUT_MS,
      requestTimeout: HEAD_REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  });
  return {
    async appendLater(late) {
      const command = new InvokeCommand({
        FunctionName: options.functionName,
        InvocationType: 'Event',
        Payload: Buffer.from(JSON.stringify(encodeLateAppend(late))),
      });
      await sent('Invoke', client.send(command));
    },
  };
}
