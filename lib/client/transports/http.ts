// Requests over HTTP, with a token or a signature where one is wanted.

import { StratalogConnectionError } from '../errors.ts';
import type { Transport, TransportRequest, TransportResponse } from '../transport.ts';
import { type ExchangeRequest, fetchExchange, nodeExchange } from './exchange.ts';

export interface HttpTransportOptions {
  /** `http://127.0.0.1:4510` or `https://…`, with or without a path. */
  readonly endpoint: string;
  /** Sent as `Authorization: Bearer …`; a function is asked before every request, so that tokens may expire. */
  readonly token?: string | (() => string | Promise<string>);
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Changes a request before it leaves: signs it, for example. */
  readonly sign?: (request: SignableRequest) => Promise<Readonly<Record<string, string>>>;
  /** Sends the requests instead of Node's own client. */
  readonly fetch?: typeof globalThis.fetch;
}

/** What a signature covers. */
export interface SignableRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** The system's error may be wrapped, and may be in a list of one for each address tried. */
function systemCode(thrown: unknown): string | undefined {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if ('code' in error && typeof error.code === 'string') return error.code;
    if (error instanceof AggregateError) return systemCode(error.errors[0]);
  }
  return undefined;
}

function connectionError(thrown: unknown, endpoint: string): StratalogConnectionError {
  const code = systemCode(thrown);
  if (thrown instanceof Error && thrown.name === 'TimeoutError') {
    const message = `${endpoint} did not answer in time`;
    return new StratalogConnectionError(message, { reason: 'timeout', cause: thrown });
  }
  if (code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    const message = `can't reach ${endpoint} (${code}); is it running, and is the address right?`;
    return new StratalogConnectionError(message, { reason: 'refused', cause: thrown });
  }
  const message = `the connection to ${endpoint} broke (${code ?? String(thrown)})`;
  return new StratalogConnectionError(message, { reason: 'broken', cause: thrown });
}

export function httpTransport(options: HttpTransportOptions): Transport {
  const exchange = options.fetch === undefined ? nodeExchange() : fetchExchange(options.fetch);
  const base = options.endpoint.replace(/\/+$/, '');

  async function ask(url: string, request: ExchangeRequest): Promise<TransportResponse> {
    try {
      return await exchange.send(url, request);
    } catch (thrown) {
      if (thrown instanceof Error && thrown.name === 'AbortError') throw thrown;
      throw connectionError(thrown, new URL(url).origin);
    }
  }

  async function authorization(request: SignableRequest): Promise<Record<string, string>> {
    const { token, sign } = options;
    if (token !== undefined) {
      return { authorization: `Bearer ${typeof token === 'string' ? token : await token()}` };
    }
    return sign === undefined ? {} : { ...(await sign(request)) };
  }

  return {
    description: base,
    isLocal: LOOPBACK.test(new URL(base).hostname),
    async send({ method, path, headers: own, body, signal }: TransportRequest) {
      const url = base + path;
      const headers = { ...own, ...options.headers };
      const signed = await authorization({ method, url: new URL(url), headers, body });
      return ask(url, { method, headers: { ...headers, ...signed }, body, signal });
    },
    get: (url, headers, signal) => ask(url, { method: 'GET', headers, signal }),
    async close() {
      exchange.close();
    },
  };
}
