// stratalog produce: a record a line.

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Acks, Message, RecordMetadata } from '../../client/types.ts';
import { COMPRESSION_KINDS } from '../../record/batch.ts';
import {
  type Command,
  type CommandContext,
  choiceValue,
  firstOf,
  numberValue,
  pairsValue,
  textValue,
  UsageError,
  type Values,
} from '../command.ts';

/** Lines that are sent and not yet answered; beyond it reading waits. */
const OUTSTANDING_MAX = 10_000;

type LineParser = (line: string) => Message;

function lineParser(values: Values): LineParser {
  const separator = textValue(values, 'key-separator');
  const partition = numberValue(values, 'partition');
  const headers = Object.fromEntries(
    pairsValue(values, 'header').map((one) => [one.name, one.value]),
  );
  const fixedKey = textValue(values, 'key');
  if (separator === '') throw new UsageError('--key-separator takes at least one character');
  const shared = { headers, ...(partition === undefined ? {} : { partition }) };
  return (line) => {
    if (separator === undefined) return { ...shared, key: fixedKey ?? null, value: line };
    const at = line.indexOf(separator);
    if (at < 0) {
      throw new UsageError(`line without the key separator "${separator}": ${line.slice(0, 80)}`);
    }
    return { ...shared, key: line.slice(0, at), value: line.slice(at + separator.length) };
  };
}

function acksOf(values: Values): Acks {
  const acks = choiceValue(values, 'acks', ['all', '1', '0'] as const) ?? 'all';
  return acks === 'all' ? -1 : (Number(acks) as Acks);
}

interface PartitionSummary {
  readonly partition: number;
  records: number;
  firstOffset: string | null;
}

async function produce(context: CommandContext): Promise<void> {
  const { client, values, signal } = context;
  const topic = firstOf(context);
  const parse = lineParser(values);
  const compression = choiceValue(values, 'compression', COMPRESSION_KINDS) ?? 'none';
  const producer = client.producer({ acks: acksOf(values), compression });
  await producer.connect();
  const file = textValue(values, 'file');
  const input = file === undefined ? process.stdin : createReadStream(file);
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  signal.addEventListener('abort', () => lines.close(), { once: true });
  const summaries = new Map<number, PartitionSummary>();
  const outstanding: Promise<RecordMetadata[]>[] = [];
  const settleFirst = async (): Promise<void> => {
    for (const sent of (await outstanding.shift()) ?? []) count(summaries, sent);
  };
  try {
    for await (const line of lines) {
      const sent = producer.send({ topic, messages: [parse(line)] });
      // Handled where it is awaited; until then a failure must not count as unhandled.
      sent.catch(() => undefined);
      outstanding.push(sent);
      if (outstanding.length >= OUTSTANDING_MAX) await settleFirst();
    }
    while (outstanding.length > 0) await settleFirst();
  } finally {
    await producer.disconnect();
    input.destroy();
  }
  await show(context, topic, [...summaries.values()]);
}

function count(summaries: Map<number, PartitionSummary>, sent: RecordMetadata): void {
  const { partition, baseOffset = null } = sent;
  const summary = summaries.get(partition) ?? { partition, records: 0, firstOffset: baseOffset };
  summaries.set(partition, summary);
  summary.records += 1;
}

async function show(
  { output }: CommandContext,
  topic: string,
  summaries: readonly PartitionSummary[],
): Promise<void> {
  const partitions = summaries.toSorted((left, right) => left.partition - right.partition);
  const records = partitions.reduce((sum, summary) => sum + summary.records, 0);
  if (output.format === 'json') {
    await output.json({
      topic,
      records,
      partitions: partitions.map((one) => ({
        partition: one.partition,
        records: one.records,
        first_offset: one.firstOffset === null ? null : Number(one.firstOffset),
      })),
    });
    return;
  }
  const places = partitions.map(({ partition, firstOffset }) =>
    firstOffset === null ? `${partition}` : `${partition} from offset ${firstOffset}`,
  );
  output.note(
    `${records} records to ${topic}${records > 0 ? `, partitions ${places.join(', ')}` : ''}`,
  );
}

export const PRODUCE_COMMANDS: readonly Command[] = [
  {
    name: 'produce',
    usage: '<topic>',
    summary: 'send lines of stdin or of a file as records',
    positionals: { min: 1, max: 1 },
    options: {
      file: { type: 'string', short: 'f', placeholder: 'path', help: 'read this instead of stdin' },
      'key-separator': {
        type: 'string',
        short: 'K',
        placeholder: 'text',
        help: 'a line is a key, this, and a value',
      },
      key: { type: 'string', short: 'k', placeholder: 'key', help: 'one key for every record' },
      header: {
        type: 'string',
        short: 'H',
        multiple: true,
        placeholder: 'name=value',
        help: 'on every record; several times',
      },
      partition: {
        type: 'string',
        short: 'p',
        placeholder: 'n',
        help: 'instead of by key or in turn',
      },
      acks: { type: 'string', placeholder: 'all|1|0', help: 'default all' },
      compression: {
        type: 'string',
        short: 'z',
        placeholder: COMPRESSION_KINDS.join('|'),
        help: 'default none',
      },
    },
    examples: [
      "echo 'hello' | stratalog produce greetings",
      'stratalog produce orders --file orders.txt --key-separator : --header source=import',
    ],
    run: produce,
  },
];
