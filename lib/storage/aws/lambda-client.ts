// Invoking functions asynchronously: Lambda keeps the event and answers at once.

import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { HEAD_REQUEST_TIMEOUT_MS, STORAGE_CONNECT_TIMEOUT_MS } from '../../limits.ts';
import { sent } from './errors.ts';

export interface InvokedFunction {
  readonly functionName: string;
  readonly endpoint?: string;
}

/** Hands an event over; resolves when Lambda has it. Credentials and region as the SDK finds them. */
export function createEventSender(
  { functionName, endpoint }: InvokedFunction,
  maxAttempts: number,
): (event: object) => Promise<void> {
  const client = new LambdaClient({
    maxAttempts,
    ...(endpoint === undefined ? {} : { endpoint }),
    requestHandler: {
      connectionTimeout: STORAGE_CONNECT_TIMEOUT_MS,
      requestTimeout: HEAD_REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  });
  return async (event) => {
    const command = new InvokeCommand({
      FunctionName: functionName,
      InvocationType: 'Event',
      Payload: Buffer.from(JSON.stringify(event)),
    });
    await sent('Invoke', client.send(command));
  };
}
