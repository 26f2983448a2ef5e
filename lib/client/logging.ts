// What a client says, at which level and to whom: kafkajs's levels, `logger()` and `logCreator`, so that a program keeps
// its log's shape. Without any of them it is the console, warnings and errors only.

import type { Logger } from './types.ts';

export const logLevel = { NOTHING: 0, ERROR: 1, WARN: 2, INFO: 4, DEBUG: 5 } as const;
export type LogLevel = (typeof logLevel)[keyof typeof logLevel];

/** As kafkajs's. */
export interface LogEntry {
  readonly namespace: string;
  readonly level: LogLevel;
  readonly label: string;
  readonly log: {
    readonly timestamp: string;
    readonly message: string;
    readonly [key: string]: unknown;
  };
}

export type LogCreator = (level: LogLevel) => (entry: LogEntry) => void;

export interface LogConfig {
  /** Told all of `logLevel`; default: `console`. */
  readonly logger?: Logger;
  /** Default WARN; with a `logger` of one's own DEBUG. */
  readonly logLevel?: LogLevel;
  /** As kafkajs's: goes before `logger`. */
  readonly logCreator?: LogCreator;
}

type Method = 'error' | 'warn' | 'info' | 'debug';
const LEVELS: Readonly<Record<Method, LogLevel>> = {
  error: logLevel.ERROR,
  warn: logLevel.WARN,
  info: logLevel.INFO,
  debug: logLevel.DEBUG,
};

type Sink = (method: Method, message: string, extra: object) => void;

function sinkOf({ logger = console, logCreator }: LogConfig, level: LogLevel): Sink {
  if (logCreator === undefined) return (method, message) => logger[method](message);
  const write = logCreator(level);
  return (method, message, extra) =>
    write({
      namespace: '',
      level: LEVELS[method],
      label: method.toUpperCase(),
      log: { timestamp: new Date().toISOString(), message, ...extra },
    });
}

/** What all of one client's producers, consumers and admins speak through. */
export class ClientLogger implements Logger {
  readonly #sink: Sink;
  #level: LogLevel;

  constructor(config: LogConfig = {}) {
    const level = config.logger === undefined ? logLevel.WARN : logLevel.DEBUG;
    this.#level = config.logLevel ?? level;
    this.#sink = sinkOf(config, this.#level);
  }

  error(message: string, extra?: object): void {
    this.#say('error', message, extra);
  }

  warn(message: string, extra?: object): void {
    this.#say('warn', message, extra);
  }

  info(message: string, extra?: object): void {
    this.#say('info', message, extra);
  }

  debug(message: string, extra?: object): void {
    this.#say('debug', message, extra);
  }

  /** Of all that speaks through it. */
  setLogLevel(level: LogLevel): void {
    this.#level = level;
  }

  /** For kafkajs's programs: there is one namespace. */
  namespace(): this {
    return this;
  }

  #say(method: Method, message: string, extra: object = {}): void {
    if (LEVELS[method] <= this.#level) this.#sink(method, message, extra);
  }
}
