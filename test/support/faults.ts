// Faults between the SDK and a server: requests and answers that are lost, late or refused. They sit below the SDK's
// own parsing, as the network does, so that what a refusal becomes is the SDK's and our doing. No emulator throttles
// or raises a transaction conflict by itself.

import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AwsClients } from '../../lib/storage/aws/clients.ts';

/**
 * `request-lost`: never arrives. `answer-lost`: took effect. `effect-late`: the caller hears of a time-out, and it
 * takes effect that much later. `answer-late`: comes that much later. The others are refusals by the service.
 */
export type Fault =
  | { readonly kind: 'request-lost' }
  | { readonly kind: 'answer-lost' }
  | { readonly kind: 'effect-late'; readonly delayMs: number }
  | { readonly kind: 'answer-late'; readonly delayMs: number }
  | { readonly kind: 'answer-garbled' }
  | { readonly kind: 'throttled' }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'server-error' };

export interface Faults {
  /** Does this to the next requests of an operation (`UpdateItem`), as many as `times`. */
  inject(operation: string, fault: Fault, times?: number): void;
  /** Asked for every request that nothing was injected for; undefined lets it pass. Replaces the last such choice. */
  choose(pick: (operation: string) => Fault | undefined): void;
  /** Resolves when everything that was late has arrived. */
  arrived(): Promise<void>;
}

interface Answer {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: Readable;
}

/** What the service says to refuse a request. */
interface Refusal {
  readonly statusCode: number;
  readonly code: string;
}

const CANCELED = 'TransactionCanceledException';
const CONFLICT_REASONS = [{ Code: 'None' }, { Code: 'TransactionConflict' }];
const DYNAMODB_NAMESPACE = 'com.amazonaws.dynamodb.v20120810#';

/** Lets faults be injected into what these clients send from now on. */
export function installFaults(clients: AwsClients): Faults {
  const planned = new Map<string, Fault[]>();
  const late: Promise<unknown>[] = [];
  let choice: (operation: string) => Fault | undefined = () => undefined;

  const middleware =
    (service: 'dynamodb' | 's3') =>
    <Arguments, Result extends { readonly response: unknown }>(
      next: (args: Arguments) => Promise<Result>,
      context: { readonly commandName?: string },
    ) =>
    async (args: Arguments): Promise<Result> => {
      const operation = (context.commandName ?? '').replace(/Command$/, '');
      const fault = planned.get(operation)?.shift() ?? choice(operation);
      const replaced = (answer: Answer): Result => ({ response: answer }) as unknown as Result;
      switch (fault?.kind) {
        case undefined:
          return await next(args);
        case 'request-lost':
          throw connectionReset();
        case 'answer-lost':
          await next(args);
          throw connectionReset();
        case 'effect-late':
          late.push(sleep(fault.delayMs).then(() => next(args)));
          throw Object.assign(new Error('the request timed out'), { name: 'TimeoutError' });
        case 'answer-late': {
          const result = await next(args);
          await sleep(fault.delayMs);
          return result;
        }
        case 'answer-garbled':
          await next(args);
          return replaced({ statusCode: 200, headers: {}, body: Readable.from(['{"Attri']) });
        case 'throttled':
        case 'conflict':
        case 'server-error':
          return replaced(answerOf(service, refusalOf(service, operation, fault.kind)));
      }
    };

  const position = { step: 'deserialize', priority: 'low', name: 'faults' } as const;
  clients.dynamodb.middlewareStack.add(middleware('dynamodb'), position);
  clients.s3.middlewareStack.add(middleware('s3'), position);
  return {
    inject(operation, fault, times = 1) {
      const faults = planned.get(operation) ?? [];
      planned.set(operation, [...faults, ...new Array<Fault>(times).fill(fault)]);
    },
    choose(pick) {
      choice = pick;
    },
    async arrived() {
      await Promise.all(late.splice(0));
    },
  };
}

function connectionReset(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
}

function refusalOf(
  service: 'dynamodb' | 's3',
  operation: string,
  kind: 'throttled' | 'conflict' | 'server-error',
): Refusal {
  if (service === 's3') {
    switch (kind) {
      case 'throttled':
        return { statusCode: 503, code: 'SlowDown' };
      case 'conflict':
        return { statusCode: 409, code: 'ConditionalRequestConflict' };
      case 'server-error':
        return { statusCode: 500, code: 'InternalError' };
    }
  }
  switch (kind) {
    case 'throttled':
      return { statusCode: 400, code: 'ProvisionedThroughputExceededException' };
    case 'conflict':
      return operation === 'TransactWriteItems'
        ? { statusCode: 400, code: CANCELED }
        : { statusCode: 400, code: 'TransactionConflictException' };
    case 'server-error':
      return { statusCode: 500, code: 'InternalServerError' };
  }
}

/** The refusal in the service's own format. */
function answerOf(service: 'dynamodb' | 's3', { statusCode, code }: Refusal): Answer {
  const text =
    service === 's3'
      ? `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>m</Message></Error>`
      : JSON.stringify({
          __type: DYNAMODB_NAMESPACE + code,
          message: 'm',
          ...(code === CANCELED ? { CancellationReasons: CONFLICT_REASONS } : {}),
        });
  const type = service === 's3' ? 'application/xml' : 'application/x-amz-json-1.0';
  return {
    statusCode,
    headers: { 'content-type': type },
    body: Readable.from([Buffer.from(text)]),
  };
}
