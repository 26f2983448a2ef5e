// How a benchmark reports: a table on the terminal, and the same rows as JSON in bench/results.

import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

const RESULTS = fileURLToPath(new URL('../results/', import.meta.url));

/** Prints the rows and writes `bench/results/<name>.json`. Ratios count; absolute numbers are this machine's. */
export function report(
  name: string,
  rows: readonly Readonly<Record<string, string | number>>[],
): void {
  console.table(rows);
  mkdirSync(RESULTS, { recursive: true });
  const machine = { node: process.version, cores: cpus().length, model: cpus()[0]?.model ?? '' };
  writeFileSync(`${RESULTS}${name}.json`, `${JSON.stringify({ name, machine, rows }, null, 2)}\n`);
}
