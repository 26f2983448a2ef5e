// stratalog produce: a record a line.

import { createReadStream } from 'node:fs';
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
import { linesOf } from '../lines.ts';

/** Lines that are sent and not yet answered; beyond it reading waits. */
const OUTSTANDING_MAX = 10_000;

/** `number` counts from 1. */
type LineParser = (line: Buffer, number: number) => Message;

function lineParser(values: Values): LineParser {
  const separator = textValue(values, 'key-separator');
  const partition = numberValue(values, 'partition');
  const headers = Object.fromEntries(
    pairsValue(values, 'header').map((one) => [one.name, one.value]),
  );
  const fixedKey = textValue(values, 'key');
  if (separator === '') throw new UsageError('--key-separator takes at least one character');
  const shared = { headers, ...(partition === undefined ? {} : { partition }) };
  return (line, number) => {
    if (separator === undefined) return { ...shared, key: fixedKey ?? null, value: line };
    const at = line.indexOf(separator);
    if (at < 0) {
      const text = line.subarray(0, 80).toString();
      throw new UsageError(`line ${number} is without the key separator "${separator}": ${text}`);
    }
    const value = line.subarray(at + Buffer.byteLength(separator));
    return { ...shared, key: line.subarray(0, at), value };
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

/** What is on its way, what arrived, and what went wrong first. */
class Deliveries {
  readonly summaries = new Map<number, PartitionSummary>();
  readonly #onFailure: () => void;
  readonly #outstanding: Promise<void>[] = [];
  #failure: { readonly error: unknown } | undefined;

  /** `onFailure`: nothing more need be sent. */
  constructor(onFailure: () => void) {
    this.#onFailure = onFailure;
  }

  /** Resolves when another may be sent. */
  async add(sent: Promise<RecordMetadata[]>): Promise<void> {
    const settled = sent.then(
      (places) => {
        for (const place of places) this.#count(place);
      },
      (error: unknown) => {
        this.#failure ??= { error };
        this.#onFailure();
      },
    );
    this.#outstanding.push(settled);
    if (this.#outstanding.length >= OUTSTANDING_MAX) await this.#outstanding.shift();
  }

  /** Throws what went wrong first. */
  async settle(): Promise<void> {
    await Promise.all(this.#outstanding);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  recordCount(): number {
    return [...this.summaries.values()].reduce((sum, summary) => sum + summary.records, 0);
  }

  #count({ partition, baseOffset }: RecordMetadata): void {
    const first: PartitionSummary = { partition, records: 0, firstOffset: baseOffset ?? null };
    const summary = this.summaries.get(partition) ?? first;
    this.summaries.set(partition, summary);
    summary.records += 1;
  }
}

async function produce(context: CommandContext): Promise<void> {
  const { client, values, signal, output } = context;
  const topic = firstOf(context);
  const parse = lineParser(values);
  const compression = choiceValue(values, 'compression', COMPRESSION_KINDS) ?? 'none';
  const producer = client.producer({ acks: acksOf(values), compression });
  await producer.connect();
  const file = textValue(values, 'file');
  const input = file === undefined ? process.stdin : createReadStream(file);
  const stop = (): void => void input.destroy();
  signal.addEventListener('abort', stop, { once: true });
  // Whoever types, or follows a file, hears of a failure at once, not when the input ends.
  const deliveries = new Deliveries(stop);
  let count = 0;
  try {
    for await (const line of linesOf(input)) {
      count += 1;
      await deliveries.add(producer.send({ topic, messages: [parse(line, count)] }));
    }
    await deliveries.settle();
  } catch (error) {
    await producer.disconnect();
    await deliveries.settle().catch(() => undefined);
    if (count > 1) output.note(`${deliveries.recordCount()} records were sent before it failed`);
    throw unreadable(error, file);
  } finally {
    input.destroy();
  }
  await producer.disconnect();
  await show(context, topic, deliveries);
}

function unreadable(error: unknown, file: string | undefined): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (file === undefined || (syscall !== 'open' && syscall !== 'read')) return error;
  const why = { ENOENT: 'there is no such file', EISDIR: 'it is a directory' }[code ?? ''] ?? code;
  return new UsageError(`can't read "${file}": ${why}`, { cause: error });
}

async function show(
  { output }: CommandContext,
  topic: string,
  deliveries: Deliveries,
): Promise<void> {
  const partitions = [...deliveries.summaries.values()].sort(
    (left, right) => left.partition - right.partition,
  );
  const records = deliveries.recordCount();
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
