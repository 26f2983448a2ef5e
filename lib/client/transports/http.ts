// Requests by the platform's own `fetch`, which keeps connections alive.

import { StratalogConnectionError } from '../errors.ts';
import type { Transport, TransportRequest, TransportResponse } from '../transport.ts';

export interface HttpTransportOptions {
  /** `http://127.0.0.1:4510` or `https://…`, with or without a path. */
  readonly endpoint: string;
  /** Sent as `Authorization: Bearer …`; a function is asked before every request, so that tokens may expire. */
  readonly token?: string | (() => string | Promise<string>);
  /** Changes a request before it leaves: signs it, for example. */
  readonly sign?: (request: SignableRequest) => Promise<Readonly<Record<string, string>>>;
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

/** `fetch` wraps the system's error, sometimes twice, and sometimes in a list of one for each address tried. */
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
  const send = options.fetch ?? globalThis.fetch;
  const base = options.endpoint.replace(/\/+$/, '');

  async function exchange(url: string, init: RequestInit): Promise<TransportResponse> {
    try {
      const response = await send(url, init);
      const body = Buffer.from(await response.arrayBuffer());
      return { status: response.status, headers: response.headers, body };
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
    async send({ method, path, headers, body, signal }: TransportRequest) {
      const url = base + path;
      const signed = await authorization({ method, url: new URL(url), headers, body });
      return exchange(url, {
        method,
        headers: { ...headers, ...signed },
        signal,
        // undici copies nothing of a view, but its types want to know that no shared memory is behind it.
        body: (body as Uint8Array<ArrayBuffer> | undefined) ?? null,
      });
    },
    get: (url, headers, signal) => exchange(url, { headers, signal }),
    async close() {},
  };
}
