// One HTTP request and its answer: by Node's own client, which hands the socket's bytes over as they are (`fetch` passes
// them through web streams: a quarter more processor time for a consumer), or by any `fetch`.

import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request } from 'node:http';
import { Agent as HttpsAgent, request as secureRequest } from 'node:https';
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

/** Keeps connections alive; idle ones don't keep the process. */
export function nodeExchange(): Exchange {
  const plain = new HttpAgent({ keepAlive: true });
  const secure = new HttpsAgent({ keepAlive: true });
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
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  response.on('error', fail);
  response.on('end', () => {
    const [only] = chunks;
    const body = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
    resolve({ status: response.statusCode ?? 0, headers: headersOf(response), body });
  });
}

function headersOf({ headers }: IncomingMessage): TransportResponse['headers'] {
  return {
    get(name) {
      const value = headers[name.toLowerCase()];
      return Array.isArray(value) ? value.join(', ') : (value ?? null);
    },
  };
}
