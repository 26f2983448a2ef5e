// stratalog dlq …: what consumers put aside, and sending it back where it came from.

import { DEAD_LETTER_HEADERS, redriveOf } from '../../client/consumer/failure-policy.ts';
import type { EachBatchPayload } from '../../client/consumer/payloads.ts';
import type { KafkaMessage } from '../../client/types.ts';
import { type Command, type CommandContext, firstOf, numberValue } from '../command.ts';
import { readable } from '../output.ts';

const REDRIVES_MAX_DEFAULT = 3;
/** Another redrive may be at work on the rest: then nothing comes here any more. */
const IDLE_MS_MAX = 10_000;

interface Letter {
  readonly partition: number;
  readonly offset: number;
  readonly origin: string;
  readonly group: string;
  readonly attempts: string;
  readonly error: string;
  readonly key: string | null;
  readonly value: string | null;
}

function letterOf(partition: number, message: KafkaMessage): Letter {
  const names = DEAD_LETTER_HEADERS;
  const text = (name: string): string => String(message.headers[name] ?? '-');
  return {
    partition,
    offset: Number(message.offset),
    origin: `${text(names.topic)}/${text(names.partition)}@${text(names.offset)}`,
    group: text(names.group),
    attempts: text(names.deliveryCount),
    error: text(names.message),
    key: readable(message.key),
    value: readable(message.value),
  };
}

async function listLetters(context: CommandContext): Promise<void> {
  const { client, output, values, signal } = context;
  const max = numberValue(values, 'max') ?? Number.POSITIVE_INFINITY;
  const letters: Letter[] = [];
  for await (const { partition, messages } of client.read({ topic: firstOf(context), signal })) {
    letters.push(...messages.map((message) => letterOf(partition, message)));
    if (letters.length >= max) break;
  }
  await output.show(letters.slice(0, max), [
    { title: 'PART', text: ({ partition }) => String(partition), align: 'right' },
    { title: 'OFFSET', text: ({ offset }) => String(offset), align: 'right' },
    { title: 'CAME FROM', text: ({ origin }) => origin },
    { title: 'GROUP', text: ({ group }) => group },
    { title: 'TRIES', text: ({ attempts }) => attempts, align: 'right' },
    { title: 'KEY', text: ({ key }) => key ?? '(null)' },
    { title: 'ERROR', text: ({ error }) => error },
  ]);
}

interface Tally {
  sent: number;
  refused: number;
}

/** The offsets up to which there is something to send back, by partition. */
async function openEnds(
  { client }: CommandContext,
  topic: string,
  groupId: string,
): Promise<Map<number, number>> {
  const admin = client.admin();
  const ends = await admin.fetchTopicOffsets(topic);
  const done = (await admin.fetchOffsets({ groupId })).find((one) => one.topic === topic);
  const open = ends.filter(({ partition, low, high }) => {
    const committed = done?.partitions.find((one) => one.partition === partition)?.offset ?? low;
    return Number(committed) < Number(high);
  });
  return new Map(open.map(({ partition, high }) => [partition, Number(high)]));
}

/** The letters that are there now; what was sent back is committed, so that a redrive that was cut off goes on. */
async function redrive(context: CommandContext): Promise<void> {
  const { client, output, values, signal } = context;
  const topic = firstOf(context);
  const groupId = `${topic}.redrive`;
  const max = numberValue(values, 'max') ?? Number.POSITIVE_INFINITY;
  const redrivesMax = numberValue(values, 'max-redrives') ?? REDRIVES_MAX_DEFAULT;
  const tally: Tally = { sent: 0, refused: 0 };
  const ends = await openEnds(context, topic, groupId);
  const producer = client.producer({ linger: 0 });
  await producer.connect();
  const sendBack = async (message: KafkaMessage): Promise<void> => {
    const redriven = redriveOf(message, redrivesMax);
    if (redriven.kind === 'refused') {
      tally.refused += 1;
      output.note(`left offset ${message.offset}: ${redriven.reason}`);
      return;
    }
    await producer.send({ topic: redriven.topic, messages: [redriven.message] });
    tally.sent += 1;
  };
  /** Whether there is more to do. */
  const handle = async ({ batch, resolveOffset }: EachBatchPayload): Promise<boolean> => {
    const end = ends.get(batch.partition) ?? 0;
    for (const message of batch.messages) {
      if (tally.sent >= max) return false;
      if (Number(message.offset) >= end) break;
      await sendBack(message);
      resolveOffset(message.offset);
    }
    if (Number(batch.lastOffset()) >= end - 1) ends.delete(batch.partition);
    return ends.size > 0 && tally.sent < max;
  };
  if (ends.size > 0) {
    const consumer = client.consumer({ groupId, lowLatency: true });
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    const stop = (): void => void consumer.stop();
    signal.addEventListener('abort', stop, { once: true });
    let idle = setTimeout(stop, IDLE_MS_MAX);
    for await (const payload of consumer.pull({
      autoCommitThreshold: 1,
      eachBatchAutoResolve: false,
    })) {
      clearTimeout(idle);
      if (!(await handle(payload))) break;
      idle = setTimeout(stop, IDLE_MS_MAX);
    }
    clearTimeout(idle);
    await consumer.disconnect();
  }
  await producer.disconnect();
  if (output.format === 'json') await output.json(tally);
  else output.note(`${tally.sent} sent back, ${tally.refused} left`);
}

export const DLQ_COMMANDS: readonly Command[] = [
  {
    name: 'dlq list',
    usage: '<dead-letter topic>',
    summary: 'show what consumers put aside, and why',
    positionals: { min: 1, max: 1 },
    options: {
      max: { type: 'string', short: 'n', placeholder: 'n', help: 'show at most so many' },
    },
    examples: ['stratalog dlq list orders.dlq'],
    run: listLetters,
  },
  {
    name: 'dlq redrive',
    usage: '<dead-letter topic>',
    summary: 'send dead letters back where they came from; goes on where it was cut off',
    positionals: { min: 1, max: 1 },
    options: {
      max: { type: 'string', short: 'n', placeholder: 'n', help: 'send back at most so many' },
      'max-redrives': {
        type: 'string',
        placeholder: 'n',
        help: `leave what came back so often already; default ${REDRIVES_MAX_DEFAULT}`,
      },
    },
    examples: ['stratalog dlq redrive orders.dlq --max 1', 'stratalog dlq redrive orders.dlq'],
    run: redrive,
  },
];
