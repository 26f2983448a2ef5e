// Nudges the merging function by an asynchronous invocation. At most one run a partition is at work, by its lease.

import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { HEAD_REQUEST_TIMEOUT_MS, STORAGE_CONNECT_TIMEOUT_MS } from '../../limits.ts';
import type { Nudger } from '../../ports/nudger.ts';
import { sent } from './errors.ts';

/** `functionName` takes `{ partition: { topicId, partition } }`. */
export function createLambdaNudger(options: {
  readonly functionName: string;
  readonly endpoint?: string;
}): Nudger {
  const client = new LambdaClient({
    maxAttempts: 1,
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    requestHandler: {
      connectionTimeout: STORAGE_CONNECT_TIMEOUT_MS,
      requestTimeout: HEAD_REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  });
  return {
    async nudge({ topicId, partition }) {
      const command = new InvokeCommand({
        FunctionName: options.functionName,
        InvocationType: 'Event',
        Payload: Buffer.from(JSON.stringify({ partition: { topicId, partition } })),
      });
      await sent('Invoke', client.send(command));
    },
  };
}
