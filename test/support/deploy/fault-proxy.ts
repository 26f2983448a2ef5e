// Stands between a deployed function and the emulator, and does what AWS sometimes does: throttles, slows down, loses a
// request or its answer. Requests pass as they are, so that their signatures stay right.

import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** What becomes of a request: `pass` is what usually happens. */
export type Fate =
  | { readonly kind: 'pass' }
  /** Never forwarded, never answered. */
  | { readonly kind: 'lost' }
  /** Forwarded, and the answer never comes. */
  | { readonly kind: 'answer-lost' }
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly type: string;
      readonly body: string;
    };

export interface SeenRequest {
  /** `dynamodb UpdateItem`, `s3 PUT`. */
  readonly operation: string;
}

export interface FaultProxy {
  readonly endpoint: string;
  /** Decides from now on; without it everything passes. */
  decide(fate: (seen: SeenRequest) => Fate): void;
  stop(): Promise<void>;
}

export const SLOW_DOWN: Fate = {
  kind: 'refused',
  status: 503,
  type: 'application/xml',
  body: '<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>',
};
export const THROTTLED: Fate = {
  kind: 'refused',
  status: 400,
  type: 'application/x-amz-json-1.0',
  body: JSON.stringify({
    __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException',
    message: 'The level of configured provisioned throughput for the table was exceeded.',
  }),
};

const PASS: Fate = { kind: 'pass' };

export async function startFaultProxy(target: string): Promise<FaultProxy> {
  let decide: (seen: SeenRequest) => Fate = () => PASS;
  const server = createServer((incoming, outgoing) => {
    const fate = decide({ operation: operationOf(incoming) });
    if (fate.kind === 'lost') return;
    if (fate.kind === 'refused') {
      incoming.resume();
      outgoing.writeHead(fate.status, { 'content-type': fate.type }).end(fate.body);
      return;
    }
    forward(target, incoming, fate.kind === 'pass' ? outgoing : undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    decide(fate) {
      decide = fate;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function operationOf({ method, headers }: IncomingMessage): string {
  const target = String(headers['x-amz-target'] ?? '');
  return target.startsWith('DynamoDB')
    ? `dynamodb ${target.split('.').at(-1)}`
    : `s3 ${method ?? ''}`;
}

function forward(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse | undefined,
): void {
  const { method, url, headers } = incoming;
  const passed = httpRequest(new URL(url ?? '/', target), { method, headers }, (answer) => {
    if (outgoing === undefined) {
      answer.resume();
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  passed.once('error', () => outgoing?.destroy());
  incoming.pipe(passed);
}
