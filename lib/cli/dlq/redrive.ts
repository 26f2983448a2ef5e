// Sends dead letters back where they came from: all of them, or a chosen one. What was sent back is noted in the group
// `<topic>.redrive` (redrive-progress.ts), letter by letter, so that a redrive that was cut off goes on, and at most the
// letter that was under way goes twice. A letter says how often it came back; one that did so too often is left.

import type { CommittedOffset } from '../../client/admin-groups.ts';
import { type Redrive, redriveOf } from '../../client/consumer/failure-policy.ts';
import type { EachBatchPayload } from '../../client/consumer/payloads.ts';
import type { Producer } from '../../client/producer.ts';
import type { Stratalog } from '../../client/stratalog.ts';
import type { KafkaMessage } from '../../client/types.ts';
import { UsageError } from '../command.ts';
import {
  isPassed,
  metadataOf,
  passOne,
  passUpTo,
  progressOf,
  type RedriveProgress,
} from './redrive-progress.ts';

export interface RedriveRequest {
  readonly client: Stratalog;
  readonly topic: string;
  /** At most so many letters are sent. */
  readonly max: number;
  /** Letters that came back so often are left. */
  readonly redrivesMax: number;
  readonly signal: AbortSignal;
  /** Called for each letter that is left. */
  readonly left: (offset: string, reason: string) => void;
}

export interface Place {
  readonly partition: number;
  readonly offset: number;
}

export interface Tally {
  sent: number;
  refused: number;
}

/** What would become of a letter. */
export interface Prospect extends Place {
  /** Null: it would be left. */
  readonly topic: string | null;
  readonly reason: string | null;
}

interface Open {
  progress: RedriveProgress;
  /** Letters before this offset were there when the redrive began. */
  readonly end: number;
}

/** Another redrive may be at work on the rest: then nothing comes here any more. */
const IDLE_MS_MAX = 10_000;

export function redriveGroup(topic: string): string {
  return `${topic}.redrive`;
}

/** By partition, where there are letters. */
export async function redriveProgress(
  client: Stratalog,
  topic: string,
): Promise<Map<number, Open>> {
  const admin = client.admin();
  const groupId = redriveGroup(topic);
  const ends = await admin.fetchTopicOffsets(topic);
  const done = (await admin.fetchOffsets({ groupId })).find((one) => one.topic === topic);
  const committedOf = (partition: number): CommittedOffset | undefined =>
    done?.partitions.find((one) => one.partition === partition);
  return new Map(
    ends.map(({ partition, low, high }) => [
      partition,
      { progress: progressOf(committedOf(partition), Number(low)), end: Number(high) },
    ]),
  );
}

/** What a redrive of all would do now. Changes nothing. */
export async function previewAll(request: RedriveRequest): Promise<Prospect[]> {
  const { client, topic, max, signal } = request;
  const prospects: Prospect[] = [];
  let sent = 0;
  for (const [partition, { progress, end }] of await redriveProgress(client, topic)) {
    if (progress.position >= end) continue;
    const from = { kind: 'offset', offset: progress.position } as const;
    for await (const { messages } of client.read({
      topic,
      partitions: [partition],
      from,
      signal,
    })) {
      const open = messages.filter(({ offset }) => !isPassed(progress, Number(offset)));
      for (const message of open) {
        if (sent >= max) return prospects;
        const prospect = prospectOf(partition, message, request);
        prospects.push(prospect);
        sent += Number(prospect.topic !== null);
      }
    }
  }
  return prospects;
}

function prospectOf(
  partition: number,
  message: KafkaMessage,
  { redrivesMax }: RedriveRequest,
): Prospect {
  const redrive = redriveOf(message, redrivesMax);
  const place = { partition, offset: Number(message.offset) };
  return redrive.kind === 'send'
    ? { ...place, topic: redrive.topic, reason: null }
    : { ...place, topic: null, reason: redrive.reason };
}

/** What a redrive of this letter would do now. Errors: there is no such letter; it was passed already. */
export async function previewOne(
  request: RedriveRequest,
  chosen: Place & { readonly again: boolean },
): Promise<Prospect> {
  const { message } = await findChosen(request, chosen);
  return prospectOf(chosen.partition, message, request);
}

/** Errors: there is no such letter; it was passed already; a redrive of all is at work. */
export async function redriveOne(
  request: RedriveRequest,
  chosen: Place & { readonly again: boolean },
): Promise<Tally> {
  const { client, topic } = request;
  const { message, progress } = await findChosen(request, chosen);
  const admin = client.admin();
  const groupId = redriveGroup(topic);
  const [group] = (await admin.describeGroups([groupId])).groups;
  if (group !== undefined && group.members.length > 0) {
    throw new UsageError(`a redrive of all letters of ${topic} is at work; wait until it is done`);
  }
  const tally: Tally = { sent: 0, refused: 0 };
  await withProducer(client, (producer) => sendBack(request, { producer, message, tally }));
  const { partition, offset } = chosen;
  if (tally.sent === 0 || isPassed(progress, offset)) return tally;
  const passed = passOne(progress, offset);
  const committed = { offset: String(passed.position), metadata: metadataOf(passed) };
  await admin.setOffsets({ groupId, topic, partitions: [{ partition, ...committed }] });
  return tally;
}

async function findChosen(
  { client, topic }: RedriveRequest,
  { partition, offset, again }: Place & { readonly again: boolean },
): Promise<{ readonly message: KafkaMessage; readonly progress: RedriveProgress }> {
  const open = (await redriveProgress(client, topic)).get(partition);
  const nowhere = `${topic} has no letter at offset ${offset} of partition ${partition}; see dlq list`;
  if (open === undefined || offset >= open.end) throw new UsageError(nowhere);
  if (isPassed(open.progress, offset) && !again) {
    const message = `a redrive has sent offset ${offset} of partition ${partition} back, or left it, already; --again sends it once more`;
    throw new UsageError(message);
  }
  const from = { kind: 'offset', offset } as const;
  for await (const { messages } of client.read({ topic, partitions: [partition], from })) {
    const [message] = messages;
    if (Number(message?.offset) !== offset || message === undefined) break;
    return { message, progress: open.progress };
  }
  throw new UsageError(nowhere);
}

/** The letters that are there now, from where an earlier redrive has come to. */
export async function redriveAll(request: RedriveRequest): Promise<Tally> {
  const { client, topic, max } = request;
  const tally: Tally = { sent: 0, refused: 0 };
  const open = await redriveProgress(client, topic);
  for (const [partition, { progress, end }] of open) {
    if (progress.position >= end) open.delete(partition);
  }
  if (open.size === 0 || max === 0) return tally;
  await withProducer(client, (producer) => drain(request, { producer, open, tally }));
  return tally;
}

interface Draining {
  readonly producer: Producer;
  readonly open: Map<number, Open>;
  readonly tally: Tally;
}

async function drain(request: RedriveRequest, draining: Draining): Promise<void> {
  const { client, topic, signal } = request;
  const groupId = redriveGroup(topic);
  const consumer = client.consumer({ groupId, lowLatency: true });
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  const stop = (): void => void consumer.stop();
  signal.addEventListener('abort', stop, { once: true });
  let idle = setTimeout(stop, IDLE_MS_MAX);
  const commit = async (partition: number, progress: RedriveProgress): Promise<void> => {
    const offset = String(progress.position);
    await consumer.commitOffsets([{ topic, partition, offset, metadata: metadataOf(progress) }]);
  };
  for await (const payload of consumer.pull({ autoCommit: false, eachBatchAutoResolve: false })) {
    clearTimeout(idle);
    if (!(await drainBatch(request, draining, payload, commit))) break;
    idle = setTimeout(stop, IDLE_MS_MAX);
  }
  clearTimeout(idle);
  signal.removeEventListener('abort', stop);
  await consumer.disconnect();
}

/** Whether there is more to do. */
async function drainBatch(
  request: RedriveRequest,
  { producer, open, tally }: Draining,
  { batch, resolveOffset, isRunning }: EachBatchPayload,
  commit: (partition: number, progress: RedriveProgress) => Promise<void>,
): Promise<boolean> {
  const { partition } = batch;
  const mine = open.get(partition);
  if (mine === undefined) return open.size > 0;
  for (const message of batch.messages) {
    const offset = Number(message.offset);
    if (tally.sent >= request.max || !isRunning()) return false;
    if (offset >= mine.end) break;
    if (!isPassed(mine.progress, offset)) {
      await sendBack(request, { producer, message, tally });
      mine.progress = passUpTo(mine.progress, offset);
      await commit(partition, mine.progress);
    }
    resolveOffset(message.offset);
  }
  if (Number(batch.lastOffset()) >= mine.end - 1) open.delete(partition);
  return open.size > 0 && tally.sent < request.max;
}

async function sendBack(
  { redrivesMax, left }: RedriveRequest,
  at: { readonly producer: Producer; readonly message: KafkaMessage; readonly tally: Tally },
): Promise<void> {
  const { producer, message, tally } = at;
  const redrive: Redrive = redriveOf(message, redrivesMax);
  if (redrive.kind === 'refused') {
    tally.refused += 1;
    left(message.offset, redrive.reason);
    return;
  }
  await producer.send({ topic: redrive.topic, messages: [redrive.message] });
  tally.sent += 1;
}

async function withProducer(
  client: Stratalog,
  work: (producer: Producer) => Promise<void>,
): Promise<void> {
  const producer = client.producer({ linger: 0 });
  await producer.connect();
  try {
    await work(producer);
  } finally {
    await producer.disconnect();
  }
}
