// What time it is by the storage's clock, from the `Date` header of DynamoDB's answers, so that no machine's own clock
// evicts anybody or keeps anybody. The header has whole seconds, and was made between sending and receiving.
//
// Between answers the time is carried on by two clocks of this machine, because either may mislead: the steady one may
// stand still while the machine sleeps (a frozen function), the wall clock may be set. Moments to write take the later
// of both, moments that surely passed the earlier.

import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { StratalogError } from '../../errors.ts';

/** The header's grain. */
const SECOND_MS = 1_000;

/** This machine's clocks. */
export interface MachineClocks {
  /** Milliseconds since 1970; may jump. */
  wallMs(): number;
  /** Milliseconds since some moment; never jumps, may stand still. */
  steadyMs(): number;
}

interface MachineMoment {
  readonly wallMs: number;
  readonly steadyMs: number;
}

export class StorageClock {
  readonly #clocks: MachineClocks;
  #last:
    | { readonly dateMs: number; readonly sent: MachineMoment; readonly received: MachineMoment }
    | undefined;

  constructor(clocks: MachineClocks) {
    this.#clocks = clocks;
  }

  get isKnown(): boolean {
    return this.#last !== undefined;
  }

  /** To be called before a request is sent. */
  moment(): MachineMoment {
    return { wallMs: this.#clocks.wallMs(), steadyMs: this.#clocks.steadyMs() };
  }

  /** An answer's `Date` header, and when its request was sent. What is no date is not heard. */
  hear(dateHeader: string, sent: MachineMoment): void {
    const dateMs = Date.parse(dateHeader);
    if (Number.isNaN(dateMs)) return;
    this.#last = { dateMs, sent, received: this.moment() };
  }

  /** The second of the last answer: a moment that had surely passed when it came. */
  answeredMs(): number {
    return this.#known().dateMs;
  }

  /** The latest moment that has surely passed by now. */
  passedMs(): number {
    const { dateMs, received } = this.#known();
    const { wallMs, steadyMs } = this.moment();
    const elapsedMs = Math.min(wallMs - received.wallMs, steadyMs - received.steadyMs);
    return dateMs + Math.max(0, Math.floor(elapsedMs));
  }

  /** The earliest moment that has surely not passed: what a lease begins at. Up to a second and a round trip ahead. */
  notPassedMs(): number {
    const { dateMs, sent } = this.#known();
    const { wallMs, steadyMs } = this.moment();
    const elapsedMs = Math.max(wallMs - sent.wallMs, steadyMs - sent.steadyMs);
    return dateMs + SECOND_MS + Math.ceil(elapsedMs);
  }

  #known() {
    if (this.#last !== undefined) return this.#last;
    throw new StratalogError(
      'STORAGE_UNAVAILABLE',
      'the storage does not say what time it is (no Date header in its answers)',
    );
  }
}

/** A clock that hears every answer which this client gets from now on, refusals too. */
export function createStorageClock(client: DynamoDBClient): StorageClock {
  const clock = new StorageClock({ wallMs: Date.now, steadyMs: () => performance.now() });
  client.middlewareStack.add(
    (next) => async (args) => {
      const sent = clock.moment();
      const hear = (response: unknown): void => {
        const date = dateHeader(response);
        if (date !== undefined) clock.hear(date, sent);
      };
      try {
        const result = await next(args);
        hear(result.response);
        return result;
      } catch (error) {
        hear(responseOf(error));
        throw error;
      }
    },
    { step: 'deserialize', priority: 'high' },
  );
  return clock;
}

/** The SDK keeps the answer with the error that it became. */
function responseOf(error: unknown): unknown {
  return error instanceof Error && '$response' in error ? error.$response : undefined;
}

function dateHeader(response: unknown): string | undefined {
  if (typeof response !== 'object' || response === null || !('headers' in response)) return;
  const { headers } = response;
  if (typeof headers !== 'object' || headers === null || !('date' in headers)) return;
  return typeof headers.date === 'string' ? headers.date : undefined;
}
