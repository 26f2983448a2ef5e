// What becomes of a record whose handler fails: it is tried again after a pause, and at last is put aside, skipped, or
// stops the consumer. None of them is silent.

import { backoffMs, type RetryOptions } from '../backoff.ts';
import type { Bytes, KafkaMessage, Message, MessageHeaders } from '../types.ts';

export interface FailurePolicy {
  /** Tries of a record after the first, and the pauses between them; default 5, from 300 ms on. */
  readonly retry?: RetryOptions;
  /**
   * After the last try. `stop` (default): the consumer stops with the event `consumer.crash`, and the record is read
   * again by whoever comes next. `dead-letter`: it goes to another topic, with what went wrong as headers. `skip`: it
   * is lost to this group, with a warning.
   */
  readonly afterRetries?: 'stop' | 'skip' | 'dead-letter';
  /** The topic for `dead-letter`, which must exist; default `<topic>.dlq`. */
  readonly deadLetterTopic?: string | ((topic: string) => string);
}

export const FAILURE_RETRY_DEFAULTS: Required<RetryOptions> = {
  retries: 5,
  initialRetryTime: 300,
  maxRetryTime: 30_000,
  multiplier: 2,
  factor: 0.2,
};

export type FailureVerdict =
  | { readonly kind: 'again'; readonly waitMs: number }
  | { readonly kind: 'stop' | 'skip' }
  | { readonly kind: 'dead-letter'; readonly deadLetterTopic: string };

/** What to do after try number `attempts` failed. */
export function judgeFailure(
  policy: FailurePolicy,
  failure: { readonly topic: string; readonly attempts: number; readonly chance: number },
): FailureVerdict {
  const retry = { ...FAILURE_RETRY_DEFAULTS, ...policy.retry };
  if (failure.attempts <= retry.retries) {
    return { kind: 'again', waitMs: backoffMs(failure.attempts, retry, failure.chance) };
  }
  const last = policy.afterRetries ?? 'stop';
  if (last !== 'dead-letter') return { kind: last };
  const { deadLetterTopic = (topic: string) => `${topic}.dlq` } = policy;
  return {
    kind: 'dead-letter',
    deadLetterTopic:
      typeof deadLetterTopic === 'string' ? deadLetterTopic : deadLetterTopic(failure.topic),
  };
}

/** Names of the headers of a dead letter: Kafka's (org.apache.kafka.server.share.dlq), and three of our own. */
export const DEAD_LETTER_HEADERS = {
  topic: '__dlq.errors.topic',
  partition: '__dlq.errors.partition',
  offset: '__dlq.errors.offset',
  group: '__dlq.errors.group',
  deliveryCount: '__dlq.errors.delivery.count',
  message: '__dlq.errors.message',
  timestamp: '__dlq.errors.timestamp',
  error: '__dlq.errors.class',
  /** How often it came back from a dead-letter topic. */
  redrives: '__dlq.redrives',
} as const;

/** Some errors hold all that they failed at; the letter must not outgrow its topic for that. */
const ERROR_CHARACTERS_MAX = 4_000;

export interface DeadLetter {
  readonly topic: string;
  readonly partition: number;
  readonly groupId: string;
  readonly message: KafkaMessage;
  readonly error: Error;
  readonly attempts: number;
}

/** The record for the dead-letter topic: key, value, headers and time as they were, and what went wrong. */
export function deadLetterOf(letter: DeadLetter): Message {
  const { message, error } = letter;
  const names = DEAD_LETTER_HEADERS;
  return {
    key: message.key,
    value: message.value,
    timestamp: message.timestamp,
    headers: {
      ...(message.headers as MessageHeaders),
      [names.topic]: letter.topic,
      [names.partition]: String(letter.partition),
      [names.offset]: message.offset,
      [names.timestamp]: message.timestamp,
      [names.group]: letter.groupId,
      [names.deliveryCount]: String(letter.attempts),
      [names.message]: String(error.message).slice(0, ERROR_CHARACTERS_MAX),
      [names.error]: error.name,
    },
  };
}

export type Redrive =
  | { readonly kind: 'send'; readonly topic: string; readonly message: Message }
  | { readonly kind: 'refused'; readonly reason: string };

/** The record to send back where a dead letter came from, unless it came back `redrivesMax` times already. */
export function redriveOf(letter: KafkaMessage, redrivesMax: number): Redrive {
  const names = DEAD_LETTER_HEADERS;
  const topic = textOf(letter, names.topic);
  if (topic === undefined) return { kind: 'refused', reason: 'it does not say where it came from' };
  const redrives = Number(textOf(letter, names.redrives) ?? 0);
  if (redrives >= redrivesMax) {
    return { kind: 'refused', reason: `it came back ${redrives} times already` };
  }
  const own = new Set<string>(Object.values(names));
  const headers = Object.entries(letter.headers).filter(([name]) => !own.has(name));
  return {
    kind: 'send',
    topic,
    message: {
      key: letter.key,
      value: letter.value,
      timestamp: letter.timestamp,
      headers: {
        ...(Object.fromEntries(headers) as Record<string, Bytes>),
        [names.redrives]: String(redrives + 1),
      },
    },
  };
}

function textOf(message: KafkaMessage, header: string): string | undefined {
  const value = message.headers[header];
  return Buffer.isBuffer(value) ? value.toString() : undefined;
}
