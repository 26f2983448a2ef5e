// One HTTP request and its answer: by Node's own client, which hands the socket's bytes over as they are (`fetch` passes
// them through web streams: twice the processor time for a consumer), or by any `fetch`.
//
// Bytes of large answers are what a consumer's processor time goes to, less by copying than by the memory that comes and
// goes: V8 marks its whole heap every few tens of megabytes of it. So a socket is read into one buffer, again and again,
// and an answer of known length is put together in place. The parser copies what it hands on (Node 18 and later).

import {
  type ClientRequest,
  type ClientRequestArgs,
  Agent as HttpAgent,
  type IncomingMessage,
  request,
} from 'node:http';
import { Agent as HttpsAgent, type RequestOptions, request as secureRequest } from 'node:https';
import type { OnReadOpts } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TransportResponse } from '../transport.ts';

export interface ExchangeRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
  readonly signal: AbortSignal;
}

export interface Exchange {
  /** Throws the signal's reason when it is aborted, else the system's error. */
  send(url: string, request: ExchangeRequest): Promise<TransportResponse>;
  close(): void;
}

export function fetchExchange(fetch: typeof globalThis.fetch): Exchange {
  return {
    async send(url, { method, headers, body, signal }) {
      const response = await fetch(url, {
        method,
        headers,
        signal,
        // fetch copies nothing of a view, but its types want to know that no shared memory is behind it.
        body: (body as Uint8Array<ArrayBuffer> | undefined) ?? null,
      });
      const answer = Buffer.from(await response.arrayBuffer());
      return { status: response.status, headers: response.headers, body: answer };
    },
    close() {},
  };
}

/** Bytes of one read of a socket, at most. */
const READ_BYTES = 128 * 1024;
/** Longer answers are put together when they are there: what they say of their length may be wrong. */
const PLACED_BYTES_MAX = 64 * 1_048_576;

/** Reads into one buffer, and hands on what was read as the socket itself would. */
function readingInPlace(socketOf: () => Duplex | null | undefined): OnReadOpts {
  return {
    buffer: Buffer.allocUnsafeSlow(READ_BYTES),
    callback: (bytesRead, buffer) => {
      socketOf()?.emit('data', (buffer as Buffer).subarray(0, bytesRead));
      return true;
    },
  };
}

class PlainAgent extends HttpAgent {
  override createConnection(
    options: ClientRequestArgs,
    created?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    const reading = { ...options, onread: readingInPlace(() => socket) };
    const socket = super.createConnection(reading, created);
    return socket;
  }
}

class SecureAgent extends HttpsAgent {
  override createConnection(
    options: RequestOptions,
    created?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    const reading = { ...options, onread: readingInPlace(() => socket) };
    const socket = super.createConnection(reading, created);
    return socket;
  }
}

/** Keeps connections alive; idle ones don't keep the process. */
export function nodeExchange(): Exchange {
  const plain = new PlainAgent({ keepAlive: true });
  const secure = new SecureAgent({ keepAlive: true });
  const open = (url: string, { method, headers, body, signal }: ExchangeRequest): ClientRequest => {
    const length = body === undefined ? {} : { 'content-length': String(body.length) };
    const options = { method, headers: { ...headers, ...length }, signal };
    return url.startsWith('https:')
      ? secureRequest(url, { ...options, agent: secure })
      : request(url, { ...options, agent: plain });
  };
  return {
    send: (url, asked) =>
      new Promise((resolve, reject) => {
        const fail = (error: Error): void =>
          reject(asked.signal.aborted ? asked.signal.reason : error);
        const sent = open(url, asked);
        sent.on('error', fail);
        sent.on('response', (response) => collect(response, resolve, fail));
        sent.end(asked.body);
      }),
    close() {
      plain.destroy();
      secure.destroy();
    },
  };
}

function collect(
  response: IncomingMessage,
  resolve: (answer: TransportResponse) => void,
  fail: (error: Error) => void,
): void {
  const lengthBytes = Number(response.headers['content-length'] ?? Number.NaN);
  const gather = lengthBytes <= PLACED_BYTES_MAX ? placing(lengthBytes) : listing();
  response.on('data', gather.add);
  response.on('error', fail);
  response.on('end', () => {
    const body = gather.take();
    resolve({ status: response.statusCode ?? 0, headers: headersOf(response), body });
  });
}

interface Gathering {
  readonly add: (chunk: Buffer) => void;
  readonly take: () => Buffer;
}

/** HTTP sees to it that a body is as long as its content-length says, or fails. */
function placing(lengthBytes: number): Gathering {
  const body = Buffer.allocUnsafeSlow(lengthBytes);
  let atBytes = 0;
  return {
    add: (chunk) => {
      atBytes += chunk.copy(body, atBytes);
      // Its memory goes back now, and not when V8 next looks for it.
      if (chunk.length === chunk.buffer.byteLength) (chunk.buffer as ArrayBuffer).transfer(0);
    },
    take: () => (atBytes === lengthBytes ? body : body.subarray(0, atBytes)),
  };
}

function listing(): Gathering {
  const chunks: Buffer[] = [];
  return { add: (chunk) => chunks.push(chunk), take: () => Buffer.concat(chunks) };
}

function headersOf({ headers }: IncomingMessage): TransportResponse['headers'] {
  return {
    get(name) {
      const value = headers[name.toLowerCase()];
      return Array.isArray(value) ? value.join(', ') : (value ?? null);
    },
  };
}
