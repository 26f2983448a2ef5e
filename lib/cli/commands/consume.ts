// stratalog consume: reads a topic from a place on, without joining a group.

import type { Consumer } from '../../client/consumer/consumer.ts';
import type { StartPosition } from '../../client/reader.ts';
import type { KafkaMessage, TopicPartition } from '../../client/types.ts';
import {
  type Command,
  type CommandContext,
  firstOf,
  listValue,
  numberValue,
  parseTime,
  textValue,
  UsageError,
} from '../command.ts';
import { isoTime, type Output, readable } from '../output.ts';

/** `earliest`, `latest`, an offset, or a time in ISO 8601. */
export function parsePosition(text: string): StartPosition {
  if (text === 'earliest' || text === 'latest') return { kind: text };
  if (/^\d+$/.test(text)) return { kind: 'offset', offset: Number(text) };
  const timestampMs = parseTime(text);
  if (timestampMs !== undefined) return { kind: 'timestamp', timestampMs };
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
    timestamp: isoTime(Number(message.timestamp)),
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
    const time = isoTime(Number(message.timestamp));
    const key = readable(message.key) ?? '(null)';
    const value = readable(message.value) ?? '(null)';
    await this.#output.line(rowOf(String(place.partition), message.offset, time, key, value));
  }
}

function rowOf(...[partition, offset, time, key, value]: string[]): string {
  const cells = [partition?.padStart(4), offset?.padStart(8), time?.padEnd(24), key?.padEnd(12)];
  return `${cells.join('  ')}  ${value}`;
}

/** Prints batches until they end, there are enough, or Ctrl-C. */
async function printAll(
  { output, values, signal }: CommandContext,
  batches: AsyncIterable<TopicPartition & { readonly messages: readonly KafkaMessage[] }>,
): Promise<void> {
  const max = numberValue(values, 'max') ?? Number.POSITIVE_INFINITY;
  const printer = new RecordPrinter(output);
  let count = 0;
  const isDone = (): boolean => count >= max || signal.aborted;
  for await (const batch of batches) {
    for (const message of batch.messages) {
      if (isDone()) break;
      await printer.print(batch, message);
      count += 1;
    }
    if (isDone()) break;
  }
  output.note(`${count} records`);
}

async function consume(context: CommandContext): Promise<void> {
  const { client, values, signal } = context;
  const groupId = textValue(values, 'group');
  if (groupId !== undefined) return consumeInGroup(context, groupId);
  const partitions = listValue(values, 'partition').map(Number);
  if (partitions.some((partition) => !Number.isSafeInteger(partition) || partition < 0)) {
    throw new UsageError('--partition takes a number from 0 on');
  }
  const batches = client.read({
    topic: firstOf(context),
    from: parsePosition(textValue(values, 'from') ?? 'earliest'),
    follow: values.follow === true,
    signal,
    ...(partitions.length === 0 ? {} : { partitions }),
  });
  await printAll(context, batches);
}

/** As a member of a group, which commits what was printed. Goes on until `--max` or Ctrl-C. */
async function consumeInGroup(context: CommandContext, groupId: string): Promise<void> {
  const { client, values, signal } = context;
  const from = textValue(values, 'from') ?? 'earliest';
  if (from !== 'earliest' && from !== 'latest') {
    throw new UsageError(
      'with --group, --from takes earliest or latest; groups reset-offsets moves a group',
    );
  }
  if (listValue(values, 'partition').length > 0) {
    throw new UsageError('with --group the group chooses the partitions');
  }
  const consumer = client.consumer({ groupId, lowLatency: true });
  await consumer.subscribe({ topics: [firstOf(context)], fromBeginning: from === 'earliest' });
  signal.addEventListener('abort', () => void consumer.stop(), { once: true });
  await printAll(context, printedBatches(consumer, numberValue(values, 'max')));
  await consumer.disconnect();
}

/** Resolves exactly what is printed, so that `--max` leaves the rest to the next. */
async function* printedBatches(
  consumer: Consumer,
  max = Number.POSITIVE_INFINITY,
): AsyncGenerator<TopicPartition & { readonly messages: readonly KafkaMessage[] }> {
  let left = max;
  for await (const { batch, resolveOffset } of consumer.pull({ eachBatchAutoResolve: false })) {
    const messages = batch.messages.slice(0, left);
    const last = messages.at(-1);
    // Resolved when the loop is left as well as when it goes on: what follows a yield may never run.
    if (last !== undefined) resolveOffset(last.offset);
    left -= messages.length;
    yield { topic: batch.topic, partition: batch.partition, messages };
  }
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
      group: {
        type: 'string',
        short: 'g',
        placeholder: 'group',
        help: 'as a member of this group, until Ctrl-C; commits what was printed',
      },
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
      'stratalog consume orders --group billing',
      'stratalog consume orders --from 2026-01-31T12:00:00Z --follow -o json',
    ],
    run: consume,
  },
];
