// What a process of a verification is told when it starts: one line of JSON on its standard input. When that ends, so
// does the process, as soon as it has finished what it began.

import type { Connection } from './connection.ts';

export type Role = 'plain' | 'idempotent' | 'transactional' | 'consumer' | 'pipeline' | 'reader';

export interface Topics {
  /** Plain, idempotent and transactional producers write to it; the pipeline reads it. */
  readonly records: string;
  /** Only transactions write to it. */
  readonly transfers: string;
  /** What the pipeline makes of `records`. */
  readonly copies: string;
}

export interface WorkerSettings {
  readonly role: Role;
  /** The name that a successor has too: its transactional id. */
  readonly slot: string;
  /** The name that nobody else has. */
  readonly process: string;
  readonly connection: Connection;
  readonly topics: Topics;
  readonly partitionCount: number;
  /** Prefix of groups and transactional ids. */
  readonly prefix: string;
  readonly historyFile: string;
  /** Sends, or transactions, a second at most. */
  readonly ratePerSecond: number;
}

export const SESSION_TIMEOUT_MS = 6_000;

export function groupOf(prefix: string, role: 'consumer' | 'pipeline'): string {
  return `${prefix}-${role}s`;
}
