// stratalog consume: reads a topic from a place on, without joining a group.

import type { StartPosition } from '../../client/reader.ts';
import type { KafkaMessage, TopicPartition } from '../../client/types.ts';
import {
  type Command,
  type CommandContext,
  firstOf,
  listValue,
  numberValue,
  textValue,
  UsageError,
} from '../command.ts';
import { type Output, readable } from '../output.ts';

const ISO_DATE = /^\d{4}-\d\d-\d\d/;

/** `earliest`, `latest`, an offset, or a time in ISO 8601. */
export function parsePosition(text: string): StartPosition {
  if (text === 'earliest' || text === 'latest') return { kind: text };
  if (/^\d+$/.test(text)) return { kind: 'offset', offset: Number(text) };
  const timestampMs = ISO_DATE.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(timestampMs)) return { kind: 'timestamp', timestampMs };
  throw new UsageError(
    `--from takes earliest, latest, an offset, or a time such as 2026-01-31T12:00:00Z, not "${text}"`,
  );
}

function recordJson(place: TopicPartition, message: KafkaMessage): Record<string, unknown> {
  const headers = Object.entries(message.headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.map(readable) : readable(value ?? null),
  ]);
  return {
    topic: place.topic,
    partition: place.partition,
    offset: Number(message.offset),
    timestamp: new Date(Number(message.timestamp)).toISOString(),
    key: readable(message.key),
    value: readable(message.value),
    headers: Object.fromEntries(headers),
  };
}

/** Prints records as they come: a line each, since nobody knows how wide the next one is. */
export class RecordPrinter {
  readonly #output: Output;
  #hasTitle = false;

  constructor(output: Output) {
    this.#output = output;
  }

  async print(place: TopicPartition, message: KafkaMessage): Promise<void> {
    if (this.#output.format === 'json') {
      await this.#output.line(JSON.stringify(recordJson(place, message)));
      return;
    }
    if (!this.#hasTitle)
      await this.#output.line(rowOf('PART', 'OFFSET', 'TIMESTAMP', 'KEY', 'VALUE'));
    this.#hasTitle = true;
    const time = new Date(Number(message.timestamp)).toISOString();
    const key = readable(message.key) ?? '(null)';
    const value = readable(message.value) ?? '(null)';
    await this.#output.line(rowOf(String(place.partition), message.offset, time, key, value));
  }
}

function rowOf(...[partition, offset, time, key, value]: string[]): string {
  const cells = [partition?.padStart(4), offset?.padStart(8), time?.padEnd(24), key?.padEnd(12)];
  return `${cells.join('  ')}  ${value}`;
}

async function consume(context: CommandContext): Promise<void> {
  const { client, values, output, signal } = context;
  const partitions = listValue(values, 'partition').map(Number);
  if (partitions.some((partition) => !Number.isSafeInteger(partition) || partition < 0)) {
    throw new UsageError('--partition takes a number from 0 on');
  }
  const max = numberValue(values, 'max') ?? Number.POSITIVE_INFINITY;
  const printer = new RecordPrinter(output);
  let count = 0;
  const batches = client.read({
    topic: firstOf(context),
    from: parsePosition(textValue(values, 'from') ?? 'earliest'),
    follow: values.follow === true,
    signal,
    ...(partitions.length === 0 ? {} : { partitions }),
  });
  for await (const batch of batches) {
    for (const message of batch.messages) {
      if (count >= max || signal.aborted) break;
      await printer.print(batch, message);
      count += 1;
    }
    if (count >= max || signal.aborted) break;
  }
  output.note(`${count} records`);
}

export const CONSUME_COMMANDS: readonly Command[] = [
  {
    name: 'consume',
    usage: '<topic>',
    summary: 'print the records of a topic',
    positionals: { min: 1, max: 1 },
    options: {
      from: {
        type: 'string',
        placeholder: 'earliest|latest|offset|time',
        help: 'where to begin; default earliest',
      },
      follow: { type: 'boolean', short: 'f', help: 'go on with what comes, until Ctrl-C' },
      max: { type: 'string', short: 'n', placeholder: 'n', help: 'stop after so many records' },
      partition: {
        type: 'string',
        short: 'p',
        multiple: true,
        placeholder: 'n',
        help: 'only this one; several times; default all',
      },
    },
    examples: [
      'stratalog consume orders --max 10',
      'stratalog consume orders --from 2026-01-31T12:00:00Z --follow -o json',
    ],
    run: consume,
  },
];
