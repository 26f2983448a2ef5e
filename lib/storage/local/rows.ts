// Reads columns of rows. A column of another type than the schema says is a damaged database or a bug of ours.

import { assert } from '../../assert.ts';

/** A row as SQLite gives it, integers as bigint. */
export type Row = Readonly<Record<string, unknown>>;

export function readText(row: Row, column: string): string {
  const value = row[column];
  assert(typeof value === 'string', `column "${column}" is a text`);
  return value;
}

export function readOptionalText(row: Row, column: string): string | undefined {
  return row[column] === null ? undefined : readText(row, column);
}

export function readBigint(row: Row, column: string): bigint {
  const value = row[column];
  assert(typeof value === 'bigint', `column "${column}" is an integer`);
  return value;
}

export function readNumber(row: Row, column: string): number {
  return Number(readBigint(row, column));
}

export function readOptionalNumber(row: Row, column: string): number | undefined {
  return row[column] === null ? undefined : readNumber(row, column);
}

export function readBytes(row: Row, column: string): Uint8Array {
  const value = row[column];
  assert(value instanceof Uint8Array, `column "${column}" is bytes`);
  return value;
}

/** A text that is one of a few. */
export function readOneOf<Name extends string>(
  row: Row,
  column: string,
  names: readonly Name[],
): Name {
  const text = readText(row, column);
  const found = names.find((name) => name === text);
  assert(found !== undefined, `"${text}" is among ${names.join(', ')}`);
  return found;
}
