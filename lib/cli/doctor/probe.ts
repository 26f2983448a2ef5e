// One request of the doctor: once, whatever comes of it, and with what the answer says beside its body.

import { StratalogConnectionError } from '../../client/errors.ts';
import type { HttpMethod, Transport } from '../../client/transport.ts';

const TIMEOUT_MS = 15_000;

export interface Answered {
  readonly kind: 'answered';
  readonly status: number;
  /** Undefined where the body is no JSON. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
  /** Of the server's clock, by its `Date` header, less this machine's; milliseconds, to a second. */
  readonly skewMs: number | undefined;
  readonly tookMs: number;
}

export interface Unanswered {
  readonly kind: 'unanswered';
  readonly reason: StratalogConnectionError['reason'] | 'unsent';
  readonly message: string;
}

export type Probed = Answered | Unanswered;

export type Probe = (method: HttpMethod, path: string, json?: unknown) => Promise<Probed>;

export function probing(transport: Transport, clientId: string): Probe {
  return async (method, path, json) => {
    const startedMs = Date.now();
    try {
      const answer = await transport.send({
        method,
        path,
        headers: {
          accept: 'application/json',
          'x-client-id': clientId,
          ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        },
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(json === undefined ? {} : { body: Buffer.from(JSON.stringify(json)) }),
      });
      const endedMs = Date.now();
      const date = answer.headers.get('date');
      return {
        kind: 'answered',
        status: answer.status,
        json: objectOf(answer.body),
        skewMs: date === null ? undefined : skewOf(date, startedMs, endedMs),
        tookMs: endedMs - startedMs,
      };
    } catch (error) {
      if (error instanceof StratalogConnectionError) {
        return { kind: 'unanswered', reason: error.reason, message: error.message };
      }
      const message = error instanceof Error ? error.message : String(error);
      return { kind: 'unanswered', reason: 'unsent', message };
    }
  };
}

/** The header tells whole seconds, and was made somewhere between question and answer: within both there is no skew. */
export function skewOf(date: string, startedMs: number, endedMs: number): number | undefined {
  const fromMs = Date.parse(date);
  if (Number.isNaN(fromMs)) return undefined;
  const toMs = fromMs + 999;
  if (toMs < startedMs) return toMs - startedMs;
  return fromMs > endedMs ? fromMs - endedMs : 0;
}

function objectOf(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(body.toString());
    return typeof parsed === 'object' && parsed !== null
      ? (parsed as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** What an answer says of itself: ours in `message`, API Gateway's in `message` or `Message`. */
export function messageOf({ json, status }: Answered): string {
  const message = json?.message ?? json?.Message;
  return typeof message === 'string' ? message : `status ${status}`;
}

/** Turned away at the door: by API Gateway, which knows nothing of Kafka's errors. */
export function isTurnedAway({ status, json }: Answered): boolean {
  return (status === 401 || status === 403) && json?.kafka_error === undefined;
}
