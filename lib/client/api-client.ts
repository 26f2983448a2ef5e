// One call of the HTTP API: encodes the body, bounds the time, retries what is only of the moment, and turns an answer
// that isn't a success into a typed error.

import { encodePathName } from '../path-name.ts';
import { isTransient, type RetryOptions, withRetries } from './backoff.ts';
import {
  type ErrorBody,
  StratalogClientError,
  StratalogConnectionError,
  StratalogRequestError,
  unreadableAnswer,
} from './errors.ts';
import type { RequestPayload } from './instrumentation.ts';
import type { HttpMethod, Transport, TransportResponse } from './transport.ts';

export const RECORD_BATCH_MEDIA_TYPE = 'application/vnd.apache.kafka.record-batch';

export interface ApiCall {
  readonly method: HttpMethod;
  readonly path: string;
  /** Left out where undefined. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly json?: unknown;
  readonly raw?: Uint8Array;
  /** Ask for record batches instead of JSON. */
  readonly acceptRaw?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for one try, where that is less than the client's. */
  readonly timeoutMs?: number;
  /** How long the log itself may take before it answers, on top of the request's timeout. */
  readonly waitMs?: number;
  /**
   * False: a lost answer may mean that it was done, and doing it twice would be wrong; then only what surely had no
   * effect is tried again. Default true.
   */
  readonly repeatable?: boolean;
  /** Default: as the client's. */
  readonly retries?: number;
}

type Bounds = Pick<ApiCall, 'signal' | 'timeoutMs' | 'waitMs'>;

export interface ApiClientOptions {
  readonly transport: Transport;
  readonly clientId: string;
  readonly retry: Required<RetryOptions>;
  /** Milliseconds for one try. */
  readonly requestTimeoutMs: number;
  readonly onRequest?: (payload: RequestPayload) => void;
}

/** The values as one path; each is a whole segment. */
export function pathOf(...segments: readonly (string | number)[]): string {
  return segments.map((segment) => `/${encodeSegment(String(segment))}`).join('');
}

function encodeSegment(segment: string): string {
  if (segment.isWellFormed()) return encodePathName(segment);
  throw new StratalogClientError(
    'invalid-argument',
    `a name must be well-formed Unicode, and ${JSON.stringify(segment)} is not`,
  );
}

function queryOf(query: ApiCall['query']): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  return parameters.size === 0 ? '' : `?${parameters}`;
}

function bodyOf({ raw, json }: ApiCall): { body?: Uint8Array; type?: string } {
  if (raw !== undefined) return { body: raw, type: RECORD_BATCH_MEDIA_TYPE };
  if (json === undefined) return {};
  return { body: Buffer.from(JSON.stringify(json)), type: 'application/json' };
}

const SHOWN_CHARACTERS = 60;

/** Undefined where the log says nothing but that it is done. */
function jsonOf({ status, body }: TransportResponse): object | undefined {
  if (body.length === 0 && status !== 200) return undefined;
  const text = body.toString();
  const shown = `status ${status}, ${JSON.stringify(text.slice(0, SHOWN_CHARACTERS))}`;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw unreadableAnswer(shown, error);
  }
  if (typeof parsed !== 'object' || parsed === null) throw unreadableAnswer(shown);
  return parsed;
}

function assertRaw({ headers }: TransportResponse): void {
  const type = headers.get('content-type');
  if (type?.startsWith(RECORD_BATCH_MEDIA_TYPE) !== true)
    throw unreadableAnswer(`content type ${type ?? 'none'}`);
}

/** What an answer that is not a success says. */
function errorFrom({ status, headers, body }: TransportResponse): StratalogRequestError {
  const retryAfterMs = retryAfterMsOf(headers.get('retry-after'));
  return new StratalogRequestError(parseErrorBody(body), { status, retryAfterMs });
}

/** Seconds, or the time at which to come back, as HTTP has it. */
function retryAfterMsOf(retryAfter: string | null): number | undefined {
  if (retryAfter === null || retryAfter.trim() === '') return undefined;
  const seconds = Number(retryAfter);
  const waitMs = Number.isNaN(seconds) ? Date.parse(retryAfter) - Date.now() : seconds * 1000;
  return Number.isFinite(waitMs) ? Math.max(0, waitMs) : undefined;
}

/** Something between us and the log may have answered in its own words. */
function parseErrorBody(body: Buffer): ErrorBody {
  try {
    const parsed: unknown = JSON.parse(body.toString());
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}

export class ApiClient {
  readonly #options: ApiClientOptions;

  constructor(options: ApiClientOptions) {
    this.#options = options;
  }

  get transport(): Transport {
    return this.#options.transport;
  }

  /** The answer's body as JSON. It comes from the log, whose shapes the caller knows. */
  async json<Answer>(call: ApiCall): Promise<Answer> {
    return (await this.#tried(call, jsonOf)) as Answer;
  }

  /** Errors: StratalogRequestError, StratalogConnectionError, and AbortError when `signal` was aborted. */
  call(call: ApiCall): Promise<TransportResponse> {
    const check = call.acceptRaw === true ? assertRaw : jsonOf;
    return this.#tried(call, (response) => {
      check(response);
      return response;
    });
  }

  /** What isn't an answer of the log is tried again like one that never came. */
  #tried<Result>(call: ApiCall, read: (response: TransportResponse) => Result): Promise<Result> {
    const { retry } = this.#options;
    const repeatable = call.repeatable ?? true;
    return withRetries(
      async () => read(await this.#once(call)),
      { ...retry, retries: call.retries ?? retry.retries },
      {
        shouldRetry: (error) => (repeatable ? isTransient(error) : hadNoEffect(error)),
        ...(call.signal === undefined ? {} : { signal: call.signal }),
      },
    );
  }

  /** Reads a whole URL that the log handed out. */
  async get(
    url: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<TransportResponse> {
    const { transport } = this.#options;
    if (transport.get === undefined) throw new Error(`${transport.description} can't open URLs`);
    const response = await transport.get(url, headers, this.#bounded({ signal }));
    if (response.status !== 200 && response.status !== 206) throw errorFrom(response);
    return response;
  }

  async #once(call: ApiCall): Promise<TransportResponse> {
    const { transport, clientId, onRequest } = this.#options;
    const { body, type } = bodyOf(call);
    const path = call.path + queryOf(call.query);
    const startedAt = performance.now();
    let response: TransportResponse | undefined;
    let isTimeout = false;
    try {
      response = await transport.send({
        method: call.method,
        path,
        headers: {
          accept: call.acceptRaw === true ? RECORD_BATCH_MEDIA_TYPE : 'application/json',
          ...(type === undefined ? {} : { 'content-type': type }),
          'x-client-id': clientId,
        },
        signal: this.#bounded(call),
        ...(body === undefined ? {} : { body }),
      });
    } catch (error) {
      isTimeout = error instanceof StratalogConnectionError && error.reason === 'timeout';
      throw error;
    } finally {
      onRequest?.({
        method: call.method,
        path,
        clientId,
        status: response?.status ?? 0,
        isTimeout,
        duration: performance.now() - startedAt,
        size: body?.length ?? 0,
        responseSize: response?.body.length ?? 0,
      });
    }
    if (response.status >= 200 && response.status < 300) return response;
    throw errorFrom(response);
  }

  #bounded({ signal, timeoutMs, waitMs = 0 }: Bounds): AbortSignal {
    const { requestTimeoutMs } = this.#options;
    const limitMs = Math.min(timeoutMs ?? requestTimeoutMs, requestTimeoutMs) + waitMs;
    const timeout = AbortSignal.timeout(Math.ceil(limitMs));
    return signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
  }
}

/** Never reached the log, or was turned away at its door. */
function hadNoEffect(error: unknown): boolean {
  if (error instanceof StratalogConnectionError) return error.reason === 'refused';
  return error instanceof StratalogRequestError && error.status === 429;
}
