// Between a process and the storage: every request passes here and may be delayed, lost before or after it took effect,
// answered late, refused, or meet another one that was sent later. One port method is one storage request, so whatever
// may go wrong between two requests of a service goes wrong here. A request whose sender died arrives all the same.

import { StratalogError } from '../../../lib/errors.ts';
import { HEAD_REQUEST_TIMEOUT_MS, OBJECT_REQUEST_TIMEOUT_MS } from '../../../lib/limits.ts';
import { type Ask, type StorageCall, type StoragePorts, wrapPorts } from './calls.ts';
import { describeCall, type History } from './history.ts';
import type { SimulatedProcess } from './process.ts';
import type { Scheduler } from './scheduler.ts';
import { type Fate, fateOf, type Weather, wayMs } from './weather.ts';

/** In every failure that the wire makes up, so that a failure of the storage's contents is told from it. */
export const WEATHER_MESSAGE = 'bad weather';

export interface WireParts {
  readonly scheduler: Scheduler;
  readonly history: History;
  readonly weather: () => Weather;
  /** A request took effect, or was refused by its condition. */
  readonly observe: (call: StorageCall, sender: string) => void;
}

interface Request {
  readonly sender: SimulatedProcess;
  readonly life: number;
  readonly port: string;
  readonly method: string;
  readonly ask: () => Promise<unknown>;
  readonly asked: readonly unknown[];
  readonly answer: (deliver: () => void, afterMs: number) => void;
}

type Outcome = { readonly answer: unknown } | { readonly error: unknown };

export class Wire {
  /** Requests that were sent; the measure of how long a simulation runs. */
  sent = 0;
  /** Requests by method. */
  readonly counts = new Map<string, number>();
  /** Sent and neither arrived nor lost yet. */
  underWay = 0;
  readonly #parts: WireParts;

  constructor(parts: WireParts) {
    this.#parts = parts;
  }

  /** The storage as one process reaches it. */
  between(sender: SimulatedProcess, storage: StoragePorts): StoragePorts {
    return wrapPorts(storage, (port, method, ask): Ask => {
      // Signing asks nobody. Listings of objects are many, all alike, and change nothing.
      if (method === 'referenceRange' || method === 'listObjects') return ask;
      return (...asked) => this.#send(sender, { port, method, asked, ask: () => ask(...asked) });
    });
  }

  #send(
    sender: SimulatedProcess,
    request: Pick<Request, 'port' | 'method' | 'asked' | 'ask'>,
  ): Promise<unknown> {
    this.sent += 1;
    this.counts.set(request.method, (this.counts.get(request.method) ?? 0) + 1);
    const { life, dice } = sender;
    const weather = this.#parts.weather();
    const fate = fateOf(weather, dice);
    return new Promise((resolve, reject) => {
      const settle = (outcome: Outcome): void => {
        if ('answer' in outcome) resolve(outcome.answer);
        else reject(outcome.error);
      };
      const answer: Request['answer'] = (deliver, afterMs) =>
        this.#parts.scheduler.after(afterMs, () => sender.reach(life, deliver));
      this.#route({ ...request, sender, life, answer }, fate, settle);
    });
  }

  #route(request: Request, fate: Fate, settle: (outcome: Outcome) => void): void {
    const weather = this.#parts.weather();
    const { dice } = request.sender;
    const toMs = wayMs(weather, dice);
    const backMs = wayMs(weather, dice);
    const timeoutMs =
      request.port === 'objects' ? OBJECT_REQUEST_TIMEOUT_MS : HEAD_REQUEST_TIMEOUT_MS;
    const fail = (error: StratalogError, afterMs: number): void =>
      request.answer(() => settle({ error }), afterMs);
    if (fate !== 'arrives') this.#note(request, fate);
    switch (fate) {
      case 'arrives':
        this.#arrive(request, toMs, (outcome) => request.answer(() => settle(outcome), backMs));
        return;
      case 'lost':
        fail(timedOut(request.method), timeoutMs);
        return;
      case 'answer lost':
        this.#arrive(request, toMs, nobody);
        fail(timedOut(request.method), timeoutMs);
        return;
      case 'late':
        this.#arrive(request, timeoutMs + dice.waitMs(weather.lateMs), nobody);
        fail(timedOut(request.method), timeoutMs);
        return;
      case 'throttled':
        fail(new StratalogError('THROTTLED', WEATHER_MESSAGE), toMs + backMs);
        return;
      case 'unknown, with effect':
        this.#arrive(request, toMs, () => fail(unavailable(), backMs));
        return;
      case 'unknown, without effect':
        fail(unavailable(), toMs + backMs);
    }
  }

  #arrive(request: Request, afterMs: number, then: (outcome: Outcome) => void): void {
    this.underWay += 1;
    this.#parts.scheduler.after(afterMs, () => {
      this.underWay -= 1;
      request.ask().then(
        (answer) => {
          this.#took(request, answer);
          then({ answer });
        },
        (error: unknown) => {
          this.#note(request, `fails: ${String(error)}`);
          then({ error });
        },
      );
    });
  }

  #took(request: Request, answer: unknown): void {
    const { port, method, asked, sender } = request;
    this.#note(request, answer);
    // The port's own types say that these belong together.
    this.#parts.observe({ port, method, asked, answer } as unknown as StorageCall, sender.name);
  }

  #note({ sender, method, asked }: Request, answer: unknown): void {
    this.#parts.history.note(sender.name, () => describeCall(method, asked, answer));
  }
}

const nobody = (): void => undefined;

function timedOut(method: string): StratalogError {
  return new StratalogError('REQUEST_TIMED_OUT', `${WEATHER_MESSAGE}: ${method}`, {
    effect: 'unknown',
  });
}

function unavailable(): StratalogError {
  return new StratalogError('STORAGE_UNAVAILABLE', WEATHER_MESSAGE, { effect: 'unknown' });
}
