// stratalog dlq …: what consumers put aside, and sending it back where it came from.

import { DEAD_LETTER_HEADERS } from '../../client/consumer/failure-policy.ts';
import type { KafkaMessage } from '../../client/types.ts';
import { type Command, type CommandContext, firstOf, numberValue, UsageError } from '../command.ts';
import {
  type Place,
  type Prospect,
  previewAll,
  previewOne,
  type RedriveRequest,
  redriveAll,
  redriveOne,
  redriveProgress,
} from '../dlq/redrive.ts';
import { isPassed } from '../dlq/redrive-progress.ts';
import { type Output, readable } from '../output.ts';

const REDRIVES_MAX_DEFAULT = 3;

interface Letter {
  readonly partition: number;
  readonly offset: number;
  readonly origin: string;
  readonly group: string;
  readonly attempts: string;
  readonly error: string;
  /** A redrive has sent it back, or left it. */
  readonly redriven: boolean;
  readonly key: string | null;
  readonly value: string | null;
}

function letterOf(partition: number, message: KafkaMessage, redriven: boolean): Letter {
  const names = DEAD_LETTER_HEADERS;
  const text = (name: string): string => String(message.headers[name] ?? '-');
  return {
    partition,
    offset: Number(message.offset),
    origin: `${text(names.topic)}/${text(names.partition)}@${text(names.offset)}`,
    group: text(names.group),
    attempts: text(names.deliveryCount),
    error: text(names.message),
    redriven,
    key: readable(message.key),
    value: readable(message.value),
  };
}

async function listLetters(context: CommandContext): Promise<void> {
  const { client, output, values, signal } = context;
  const max = numberValue(values, 'max') ?? Number.POSITIVE_INFINITY;
  const letters: Letter[] = [];
  const topic = firstOf(context);
  const open = await redriveProgress(client, topic);
  for await (const { partition, messages } of client.read({ topic, signal })) {
    const progress = open.get(partition)?.progress;
    for (const message of messages) {
      const redriven = progress !== undefined && isPassed(progress, Number(message.offset));
      letters.push(letterOf(partition, message, redriven));
    }
    if (letters.length >= max) break;
  }
  await output.show(letters.slice(0, max), [
    { title: 'PART', text: ({ partition }) => String(partition), align: 'right' },
    { title: 'OFFSET', text: ({ offset }) => String(offset), align: 'right' },
    { title: 'CAME FROM', text: ({ origin }) => origin },
    { title: 'GROUP', text: ({ group }) => group },
    { title: 'TRIES', text: ({ attempts }) => attempts, align: 'right' },
    { title: 'REDRIVEN', text: ({ redriven }) => (redriven ? 'yes' : '') },
    { title: 'KEY', text: ({ key }) => key ?? '(null)' },
    { title: 'ERROR', text: ({ error }) => error },
  ]);
}

function requestOf(context: CommandContext): RedriveRequest {
  const { client, output, values, signal } = context;
  return {
    client,
    topic: firstOf(context),
    max: numberValue(values, 'max') ?? Number.POSITIVE_INFINITY,
    redrivesMax: numberValue(values, 'max-redrives') ?? REDRIVES_MAX_DEFAULT,
    signal,
    left: (offset, reason) => output.note(`left offset ${offset}: ${reason}`),
  };
}

function chosenOf({ values }: CommandContext): (Place & { readonly again: boolean }) | undefined {
  const partition = numberValue(values, 'partition');
  const offset = numberValue(values, 'offset');
  const again = values.again === true;
  if (offset === undefined) {
    if (partition === undefined && !again) return undefined;
    throw new UsageError('--partition and --again go with --offset: one letter');
  }
  return { partition: partition ?? 0, offset, again };
}

async function redrive(context: CommandContext): Promise<void> {
  const { output, values } = context;
  const request = requestOf(context);
  const chosen = chosenOf(context);
  if (values['dry-run'] === true) {
    const prospects =
      chosen === undefined ? await previewAll(request) : [await previewOne(request, chosen)];
    return showProspects(output, prospects);
  }
  const tally =
    chosen === undefined ? await redriveAll(request) : await redriveOne(request, chosen);
  if (output.format === 'json') await output.json(tally);
  else output.note(`${tally.sent} sent back, ${tally.refused} left`);
}

function showProspects(output: Output, prospects: readonly Prospect[]): Promise<void> {
  return output.show(prospects, [
    { title: 'PART', text: ({ partition }) => String(partition), align: 'right' },
    { title: 'OFFSET', text: ({ offset }) => String(offset), align: 'right' },
    { title: 'WOULD GO TO', text: ({ topic }) => topic ?? '-' },
    { title: 'LEFT BECAUSE', text: ({ reason }) => reason ?? '' },
  ]);
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
      offset: { type: 'string', placeholder: 'n', help: 'the letter at this offset, and no other' },
      partition: {
        type: 'string',
        placeholder: 'n',
        help: 'of the dead-letter topic, with --offset; default 0',
      },
      again: { type: 'boolean', help: 'with --offset: also if a redrive has passed it already' },
      'dry-run': { type: 'boolean', help: 'only show what would go where' },
    },
    examples: [
      'stratalog dlq redrive orders.dlq --dry-run',
      'stratalog dlq redrive orders.dlq --partition 2 --offset 17',
      'stratalog dlq redrive orders.dlq',
    ],
    run: redrive,
  },
];
