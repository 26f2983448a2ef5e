// What all processes of a verification share: a client whose way to the log is recorded, chance, and an end that is
// asked for.

import { setTimeout as sleep } from 'node:timers/promises';
import { type Logger, Stratalog, StratalogRequestError } from '../../../../lib/index.ts';
import { transportOf } from '../connection.ts';
import type { Outcome } from '../history.ts';
import { type HistoryLog, openHistory } from '../history-lines.ts';
import { RecordingTransport } from '../recording-transport.ts';
import type { WorkerSettings } from '../worker-settings.ts';

export interface Actor {
  readonly settings: WorkerSettings;
  readonly history: HistoryLog;
  readonly transport: RecordingTransport;
  /** Aborted when the process is to finish. */
  readonly ending: AbortSignal;
}

export function createActor(settings: WorkerSettings, ending: AbortSignal): Actor {
  const history = openHistory(settings.historyFile);
  const transport = new RecordingTransport(transportOf(settings.connection), history);
  return { settings, history, transport, ending };
}

export function clientOf({ transport, history, settings }: Actor, retries: number): Stratalog {
  const tell = (what: string): void => history.write({ kind: 'trouble', what });
  const logger: Logger = { debug() {}, info() {}, warn: tell, error: tell };
  const retry = { retries, initialRetryTime: 50, maxRetryTime: 2_000 };
  return new Stratalog({ transport, logger, retry, clientId: settings.process });
}

export function below(count: number): number {
  return Math.floor(Math.random() * count);
}

/** A number first, so that it is whole without the rest; most are small, some lie in objects of their own. */
export function textOf(writer: string, number: number): string {
  const sizeBytes = below(50) === 0 ? 40_000 : below(200);
  return `${writer}:${number} ${'.'.repeat(sizeBytes)}`;
}

export function idOf(value: Buffer | null): string {
  const text = String(value);
  const end = text.indexOf(' ');
  return end < 0 ? text : text.slice(0, end);
}

/** Resolves early when the process is to finish. */
export async function pause(delayMs: number, ending: AbortSignal): Promise<void> {
  await sleep(delayMs, undefined, { signal: ending }).catch(() => undefined);
}

/** What an error says of the effect: a refusal had none. */
export function outcomeOf(error: unknown): Outcome {
  const isRefusal = error instanceof StratalogRequestError && error.status < 500;
  return isRefusal ? 'refused' : 'unknown';
}

export function tellTrouble({ history }: Actor, error: unknown): void {
  const type = error instanceof StratalogRequestError ? `${error.type}: ` : '';
  const message = error instanceof Error ? error.message : String(error);
  history.write({ kind: 'trouble', what: `${type}${message}` });
}
