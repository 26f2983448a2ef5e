// Events that tell what a client does, with kafkajs's names and `on()`. Each also goes out on a diagnostics_channel
// `stratalog:<event>` (and costs nothing while nobody listens), so that tools see every client of a process.

import { channel } from 'node:diagnostics_channel';
import { assertFunction, invalid } from './arguments.ts';

export interface InstrumentationEvent<Payload> {
  readonly id: string;
  readonly type: string;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly payload: Payload;
}

export type RemoveListener = () => void;

/** One request to the log, when its answer is there. */
export interface RequestPayload {
  readonly method: string;
  readonly path: string;
  readonly clientId: string;
  /** 0: no answer came. */
  readonly status: number;
  /** No answer came in time. */
  readonly isTimeout: boolean;
  /** Milliseconds. */
  readonly duration: number;
  /** Bytes sent and received. */
  readonly size: number;
  readonly responseSize: number;
}

type Listener<Payload> = (event: InstrumentationEvent<Payload>) => void;

/** `Events` maps the name of an event to its payload. */
export class Instrumentation<Events extends object> {
  readonly #listeners: ReadonlyMap<keyof Events, Set<Listener<never>>>;
  #count = 0;

  /** Of these events and no others. */
  constructor(names: Readonly<Record<string, keyof Events>>) {
    this.#listeners = new Map(Object.values(names).map((name) => [name, new Set()]));
  }

  /**
   * Returns what takes the listener away again. A listener that throws is its owner's bug; it stops nobody else. Errors:
   * there is no such event.
   */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): RemoveListener {
    const listeners = this.#listeners.get(name);
    if (listeners === undefined) {
      const names = [...this.#listeners.keys()].join(', ');
      throw invalid(`there is no event ${String(name)}; there are ${names}`);
    }
    assertFunction('listener', listener);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  emit<Name extends keyof Events & string>(name: Name, payload: Events[Name]): void {
    const listeners = this.#listeners.get(name);
    const published = channel(`stratalog:${name}`);
    if ((listeners === undefined || listeners.size === 0) && !published.hasSubscribers) return;
    this.#count += 1;
    const event = { id: String(this.#count), type: name, timestamp: Date.now(), payload };
    published.publish(event);
    for (const listener of listeners ?? []) notify(listener as Listener<Events[Name]>, event);
  }
}

function notify<Payload>(listener: Listener<Payload>, event: InstrumentationEvent<Payload>): void {
  try {
    listener(event);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
