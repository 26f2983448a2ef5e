// What happened, one line a thing, for people and for the comparison of two runs. Written only when somebody wants it:
// most runs are not read.

import { StratalogError } from '../../../lib/errors.ts';
import type { Scheduler } from './scheduler.ts';

const VALUE_CHARACTERS_MAX = 160;

export class History {
  readonly lines: string[] = [];
  readonly #scheduler: Scheduler;
  readonly #startedMs: number;
  readonly #isKept: boolean;

  constructor(scheduler: Scheduler, isKept: boolean) {
    this.#scheduler = scheduler;
    this.#startedMs = scheduler.nowMs;
    this.#isKept = isKept;
  }

  note(who: string, what: () => string): void {
    if (!this.#isKept) return;
    const seconds = ((this.#scheduler.nowMs - this.#startedMs) / 1_000).toFixed(3);
    this.lines.push(`${seconds.padStart(9)}  ${who.padEnd(12)} ${what()}`);
  }
}

export function describeCall(method: string, asked: readonly unknown[], answer: unknown): string {
  const question = asked.map(shorten).join(', ');
  return `${method}(${question}) → ${typeof answer === 'string' ? answer : shorten(answer)}`;
}

/** A value in one short line. */
export function shorten(value: unknown): string {
  if (value instanceof StratalogError) return `${value.code} (effect ${value.effect})`;
  const text = JSON.stringify(value, plain) ?? 'nothing';
  const bare = text.replaceAll('"', '');
  return bare.length <= VALUE_CHARACTERS_MAX ? bare : `${bare.slice(0, VALUE_CHARACTERS_MAX)}…`;
}

function plain(this: unknown, key: string, given: unknown): unknown {
  // A Buffer's own toJSON has come before.
  const value = Reflect.get(Object(this), key) ?? given;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([key, one]) => [`${key}`, one]));
  return value;
}
