// What a program in plain JavaScript, or one that has its settings from elsewhere, may get wrong: refused by name before
// anything is sent, rather than read as something else or waited for without end.

import { isUint8Array } from 'node:util/types';
import type { RetryOptions } from './backoff.ts';
import { StratalogClientError } from './errors.ts';
import type { Acks, Bytes, TopicPartition } from './types.ts';

/** Longer is not a time to a timer. */
export const TIMER_MS_MAX = 2 ** 31 - 1;

interface Bounds {
  readonly min: number;
  readonly max?: number;
}

export const TIMER_MS: Bounds = { min: 0, max: TIMER_MS_MAX };

export function invalid(message: string): StratalogClientError {
  return new StratalogClientError('invalid-argument', message);
}

/** Errors: one of these settings is given, and is no number within its bounds. */
export function assertNumbers<Settings extends object>(
  settings: Settings,
  bounds: { readonly [name in keyof Settings]?: Bounds },
): void {
  const all = Object.entries(bounds) as [keyof Settings & string, Bounds][];
  for (const [name, { min, max = Number.POSITIVE_INFINITY }] of all) {
    const value: unknown = settings[name];
    if (value === undefined || value === null) continue;
    if (typeof value === 'number' && value >= min && value <= max) continue;
    const range = Number.isFinite(max) ? `from ${min} to ${max}` : `of at least ${min}`;
    throw invalid(`${name} is a number ${range}, not ${shown(value)}`);
  }
}

/** Errors: it is none of these. */
export function assertOneOf(name: string, value: unknown, allowed: readonly string[]): void {
  if (value === undefined || allowed.includes(value as string)) return;
  throw invalid(`${name} is one of ${allowed.join(', ')}, not ${shown(value)}`);
}

/** Errors: a verb was called with something else than the object it takes. */
export function takenBy<Options extends object>(verb: string, value: Options): Options {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw invalid(`${verb} takes an object, not ${shown(value)}`);
}

/** Errors: it is no object. */
export function assertObject(name: string, value: unknown): void {
  if (typeof value === 'object' && value !== null) return;
  throw invalid(`${name} is an object, not ${shown(value)}`);
}

/** Errors: a setting is given, and is no function. */
export function assertFunction(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'function') return;
  throw invalid(`${name} is a function, not ${shown(value)}`);
}

/** Errors: it is no text, or empty. */
export function nameOf(name: string, value: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw invalid(`${name} is a text that isn't empty, not ${shown(value)}`);
}

/** Errors: one of these settings makes no pause. */
export function assertRetry(retry: RetryOptions | undefined): void {
  if (retry === undefined) return;
  assertObject('retry', retry);
  assertNumbers(retry, {
    retries: { min: 0 },
    initialRetryTime: TIMER_MS,
    maxRetryTime: TIMER_MS,
    multiplier: { min: 0 },
    factor: { min: 0, max: 1 },
  });
}

/** Errors: it is no list. */
export function listOf<Item>(name: string, value: readonly Item[]): readonly Item[] {
  if (Array.isArray(value)) return value;
  throw invalid(`${name} is a list, not ${shown(value)}`);
}

export function acksOf(acks: Acks): Acks {
  if (acks === -1 || acks === 0 || acks === 1) return acks;
  throw invalid(`acks is -1 (all), 0 or 1, not ${shown(acks)}`);
}

/** Nothing but digits, perhaps after a minus: what is empty is not 0. */
export function offsetOf(offset: string | number): number {
  const number = /^-?\d+$/.test(String(offset)) ? Number(offset) : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  throw invalid(`${shown(offset)} is no offset: it is a whole number, as text`);
}

/** Errors: neither text nor bytes. */
export function bytesOf(name: string, value: Bytes | null | undefined): Uint8Array | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return Buffer.from(value);
  if (isUint8Array(value)) return value;
  throw invalid(`${name} is text, bytes or null, not ${shown(value)}`);
}

/** Errors: it is none from 0 on. */
export function wholeNumberOf(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw invalid(`${name} is a whole number from 0 on, not ${shown(value)}`);
}

/** Errors: it names no partition. */
export function placeOf<Place extends TopicPartition>(place: Place): Place {
  nameOf('topic', place.topic);
  wholeNumberOf('partition', place.partition);
  return place;
}

/** Errors: it is no list of objects. */
export function objectsOf<Item extends object>(
  name: string,
  value: readonly Item[],
): readonly Item[] {
  const at = listOf(name, value).findIndex((item) => typeof item !== 'object' || item === null);
  if (at < 0) return value;
  throw invalid(`${name}[${at}] is an object, not ${shown(value[at])}`);
}

/** Waits for all, so that nothing is still under way when the first that failed is thrown. */
export async function everyOf<Result>(work: readonly Promise<Result>[]): Promise<Result[]> {
  await Promise.allSettled(work);
  return await Promise.all(work);
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
