// What storage costs: requests, bytes and consumed capacity by operation, counted where the SDK sends them, so that
// nothing is missed and every attempt counts. Failed conditions cost too, but DynamoDB doesn't say how much.

import type { AwsClients } from './clients.ts';

interface OperationCount {
  readonly requests: number;
  /** Requests that ended in an error, refused conditions included. */
  readonly failures: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** DynamoDB's read or write units of the requests that succeeded. */
  readonly capacityUnits: number;
}

export interface RequestCounter {
  /** By the API's name for the operation (`UpdateItem`, `PutObject`), since the last reset. */
  read(): ReadonlyMap<string, OperationCount>;
  reset(): void;
}

const NOTHING: OperationCount = {
  requests: 0,
  failures: 0,
  sentBytes: 0,
  receivedBytes: 0,
  capacityUnits: 0,
};

/** The part of the SDK's request and answer that is looked at. */
interface HttpArguments {
  readonly request?: unknown;
}
interface HttpResult {
  readonly response?: unknown;
  readonly output?: unknown;
}

/** Counts what these clients send from now on. */
export function countRequests(clients: AwsClients): RequestCounter {
  const counts = new Map<string, OperationCount>();

  const add = (operation: string, change: Partial<OperationCount>): void => {
    const before = counts.get(operation) ?? NOTHING;
    counts.set(operation, {
      requests: before.requests + (change.requests ?? 0),
      failures: before.failures + (change.failures ?? 0),
      sentBytes: before.sentBytes + (change.sentBytes ?? 0),
      receivedBytes: before.receivedBytes + (change.receivedBytes ?? 0),
      capacityUnits: before.capacityUnits + (change.capacityUnits ?? 0),
    });
  };

  const middleware =
    <Arguments extends HttpArguments, Result extends HttpResult>(
      next: (args: Arguments) => Promise<Result>,
      context: { readonly commandName?: string },
    ) =>
    async (args: Arguments): Promise<Result> => {
      const operation = (context.commandName ?? 'unknown').replace(/Command$/, '');
      add(operation, { requests: 1, sentBytes: contentLength(args.request) });
      try {
        const result = await next(args);
        add(operation, {
          receivedBytes: contentLength(result.response),
          capacityUnits: consumedUnits(result.output),
        });
        return result;
      } catch (error) {
        add(operation, { failures: 1 });
        throw error;
      }
    };

  const position = {
    step: 'deserialize',
    priority: 'high',
    name: 'stratalogRequestCounter',
  } as const;
  clients.dynamodb.middlewareStack.add(middleware, position);
  clients.s3.middlewareStack.add(middleware, position);
  return { read: () => new Map(counts), reset: () => counts.clear() };
}

function contentLength(message: unknown): number {
  const headers = property(message, 'headers');
  return Number(property(headers, 'content-length') ?? 0);
}

/** One table's capacity, or a list with one element a table. */
function consumedUnits(output: unknown): number {
  const consumed = property(output, 'ConsumedCapacity');
  const parts: unknown[] = Array.isArray(consumed) ? consumed : [consumed];
  return parts.reduce<number>((sum, part) => sum + Number(property(part, 'CapacityUnits') ?? 0), 0);
}

function property(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}
