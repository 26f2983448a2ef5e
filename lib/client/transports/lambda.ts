// Invokes the functions of a stack by their names: no API Gateway between, so no price per request, no 10 MB or 30 s, and
// IAM's lambda:InvokeFunction instead of a signature for HTTP.

import { randomBytes } from 'node:crypto';
import { type InvocationType, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { ULID_RANDOM_BYTES, ulidOf } from '../../ids.ts';
import { decodeFrames } from '../../record/frames.ts';
import { StratalogConnectionError } from '../errors.ts';
import type { Transport, TransportRequest, TransportResponse } from '../transport.ts';

/** The stack's functions, one a verb. */
export type FunctionVerb =
  | 'produce'
  | 'fetch'
  | 'list-offsets'
  | 'topics'
  | 'join'
  | 'heartbeat'
  | 'leave'
  | 'commit'
  | 'fetch-offsets'
  | 'groups'
  | 'transactions'
  | 'inspect'
  | 'acls'
  | 'meta';

export interface LambdaOptions {
  /** Names or ARNs: a function, or a list. */
  readonly functions: Readonly<Record<FunctionVerb, string>> | ((verb: FunctionVerb) => string);
  /**
   * Who this program is where access lists say what it may do: `User:<name>`. Lambda tells a function nothing of who
   * invokes it, so that this is believed; whoever may invoke the functions is trusted. Default: `User:ANONYMOUS`.
   */
  readonly principal?: string;
  /** Default: region and credentials as the SDK finds them. */
  readonly client?: LambdaClient;
}

/** The first pattern that fits decides. */
const VERBS: readonly (readonly [RegExp, FunctionVerb])[] = [
  [/^POST \/(topics\/[^/]+\/)?records(:batch)?$/, 'produce'],
  [/^POST \/fetch$|^GET \/topics\/[^/]+\/partitions\/\d+\/records$/, 'fetch'],
  [/^POST \/offsets\/list$|^GET \/topics\/[^/]+\/partitions\/\d+\/offset$/, 'list-offsets'],
  [/^GET \/(topics\/[^/]+\/(partitions\/\d+\/)?segments|garbage)$/, 'inspect'],
  [/^\w+ \/topics(\/|$)/, 'topics'],
  [/^POST \/consumer-groups\/[^/]+\/members$/, 'join'],
  [/^POST \/consumer-groups\/[^/]+\/members\/[^/]+\/heartbeat$/, 'heartbeat'],
  [/^DELETE \/consumer-groups\/[^/]+\/members\/[^/]+$/, 'leave'],
  [/^POST \/consumer-groups\/[^/]+\/offsets(\/claim)?$/, 'commit'],
  [/^\w+ \/consumer-groups\/[^/]+\/offsets(\/reset)?$/, 'fetch-offsets'],
  [/^\w+ \/consumer-groups(\/|$)/, 'groups'],
  [/^\w+ \/(producers|transactions)(\/|$)/, 'transactions'],
  [/^\w+ \/acls(:batch)?$/, 'acls'],
];

/** Which function serves a request; `path` is without its query. */
export function verbOf(method: string, path: string): FunctionVerb {
  const asked = `${method} ${path}`;
  return VERBS.find(([pattern]) => pattern.test(asked))?.[1] ?? 'meta';
}

/** The event that API Gateway's HTTP API would have sent, with who asks in the place of who has signed. */
function eventOf(
  { method, path, headers, body }: TransportRequest,
  principal: string | undefined,
): object {
  const url = new URL(path, 'https://lambda');
  const sourceIp = '0.0.0.0';
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    headers: { host: url.host, ...headers },
    requestContext: {
      domainName: url.host,
      stage: '$default',
      ...(principal === undefined ? {} : { authorizer: { stratalog: { principal } } }),
      http: { method, path: url.pathname, protocol: 'HTTP/1.1', sourceIp, userAgent: 'stratalog' },
    },
    ...(body === undefined ? {} : { body: Buffer.from(body).toString('base64') }),
    isBase64Encoded: body !== undefined,
  };
}

/**
 * Answered before it is stored: Lambda itself keeps the event. It may deliver it twice; the object's id, made here, is
 * what makes the second delivery stop.
 */
function lateAppendOf(frames: Uint8Array, principal: string | undefined): object {
  return {
    kind: 'late-append',
    ...(principal === undefined ? {} : { principal }),
    objectId: ulidOf(Date.now(), randomBytes(ULID_RANDOM_BYTES)),
    partitions: decodeFrames(frames).map(({ topicName, partition, batches }) => ({
      topicName,
      partition,
      batches: Buffer.from(batches).toString('base64'),
    })),
  };
}

/** What a function returns to API Gateway. */
interface FunctionResult {
  readonly statusCode?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
  readonly errorMessage?: string;
}

function responseOf(payload: Uint8Array | undefined): TransportResponse {
  const result = JSON.parse(Buffer.from(payload ?? []).toString() || '{}') as FunctionResult;
  const headers = new Headers(result.headers);
  const body = Buffer.from(result.body ?? '', result.isBase64Encoded === true ? 'base64' : 'utf8');
  return { status: result.statusCode ?? 502, headers, body };
}

export function lambdaTransport({
  functions,
  principal,
  client = new LambdaClient(),
}: LambdaOptions): Transport {
  const nameOf =
    typeof functions === 'function' ? functions : (verb: FunctionVerb) => functions[verb];

  async function invoke(
    verb: FunctionVerb,
    event: object,
    call: { readonly type: InvocationType; readonly signal: AbortSignal },
  ): Promise<Uint8Array | undefined> {
    const command = new InvokeCommand({
      FunctionName: nameOf(verb),
      InvocationType: call.type,
      Payload: Buffer.from(JSON.stringify(event)),
    });
    const answer = await client.send(command, { abortSignal: call.signal });
    if (answer.FunctionError === undefined) return answer.Payload;
    const reason = Buffer.from(answer.Payload ?? []).toString();
    const message = `function ${nameOf(verb)} failed: ${reason.slice(0, 200)}`;
    throw new StratalogConnectionError(message, { reason: 'broken' });
  }

  async function send(request: TransportRequest): Promise<TransportResponse> {
    const { method, signal, body } = request;
    const url = new URL(request.path, 'https://lambda');
    const verb = verbOf(method, url.pathname);
    const isLate = verb === 'produce' && url.searchParams.get('acks') === '0';
    if (!isLate || body === undefined) {
      const event = eventOf(request, principal);
      return responseOf(await invoke(verb, event, { type: 'RequestResponse', signal }));
    }
    await invoke(verb, lateAppendOf(body, principal), { type: 'Event', signal });
    return { status: 202, headers: new Headers(), body: Buffer.alloc(0) };
  }

  return {
    description: 'Lambda',
    async send(request) {
      try {
        return await send(request);
      } catch (error) {
        const isKnown = error instanceof StratalogConnectionError || request.signal.aborted;
        if (isKnown) throw error;
        throw failureOf(error);
      }
    },
    async get(url, headers, signal) {
      const response = await fetch(url, { headers, signal });
      const body = Buffer.from(await response.arrayBuffer());
      return { status: response.status, headers: response.headers, body };
    },
    async close() {
      client.destroy();
    },
  };
}

/** Throttling is an answer like API Gateway's 429, which surely had no effect; anything else may have had one. */
function failureOf(error: unknown): Error {
  const name = error instanceof Error ? error.name : String(error);
  const isThrottled = name === 'TooManyRequestsException' || name === 'ThrottlingException';
  const message = `invoking failed (${name}): ${error instanceof Error ? error.message : ''}`;
  const reason = isThrottled ? 'refused' : 'broken';
  return new StratalogConnectionError(message, { reason, cause: error });
}
