// Transactions of one producer with a transactional id, shaped like kafkajs's: what is sent in one, to whatever topics,
// and the offsets that go with it become visible together when it is committed, or never.
//
// Records are staged in the log as they are sent, so that a commit is one small request. A batch that is sent again
// carries the same sequence number; a commit or an abort that is sent again finds how the transaction ended.

import type { CompressionKind } from '../record/batch.ts';
import { encodeFrames } from '../record/frames.ts';
import { encodeBatch, type NewRecord } from '../record/record.ts';
import { type ApiClient, pathOf } from './api-client.ts';
import { nameOf, objectsOf, offsetOf, takenBy } from './arguments.ts';
import { isKafkaError, StratalogClientError } from './errors.ts';
import { assertBatch, batchOf, compressionKind } from './messages.ts';
import { type PartitionPlan, RECORD_BATCH_BYTES, splitRecords } from './partition-plan.ts';
import {
  type ProducerBatch,
  type ProducerRecord,
  partitionKey,
  type RecordMetadata,
  type TopicOffsets,
  type TopicPartition,
} from './types.ts';

const SEQUENCE_COUNT = 2 ** 31;

/** A member of a group: who may commit the group's offsets of the partitions that it owns. */
export interface GroupMetadata {
  readonly groupId: string;
  readonly memberId: string;
  readonly memberEpoch: number;
}

export interface TransactionOffsets {
  readonly consumerGroupId: string;
  readonly topics: readonly TopicOffsets[];
  /** Default: the consumer of the group that this client runs. */
  readonly groupMetadata?: GroupMetadata;
}

export interface TransactionTools {
  readonly api: ApiClient;
  readonly transactionalId: string;
  /** Milliseconds that a transaction may stay open; default: the log's, 60 s. */
  readonly timeoutMs: number | undefined;
  readonly compression: CompressionKind;
  /** What of a send goes where. */
  plan(topicMessages: NonNullable<ProducerBatch['topicMessages']>): Promise<PartitionPlan[]>;
  /** The consumer of this client that owns a partition, if one does. */
  findMember(groupId: string, place: TopicPartition): GroupMetadata | undefined;
}

interface Started {
  readonly producer_id: number;
  readonly producer_epoch: number;
  readonly transaction_number: number;
}

/** What outlives its transactions: the epoch, and the sequences that go on in it. */
export class TransactionSession {
  readonly #tools: TransactionTools;
  readonly #sequences = new Map<string, number>();
  #started: Started | undefined;
  #open: Transaction | undefined;

  constructor(tools: TransactionTools) {
    this.#tools = tools;
  }

  /**
   * Initialises the transactional id when that is due: fences who had it before, and aborts what is open. Errors: one is
   * open already, and nobody has tried to abort it.
   */
  async begin(): Promise<Transaction> {
    if (this.#open?.isActive() === true && !this.#open.abandon()) {
      throw new StratalogClientError(
        'invalid-argument',
        'a transaction is open already: end it first',
      );
    }
    if (this.#started === undefined) await this.#initialize();
    this.#open = new Transaction(this.#tools, this);
    return this.#open;
  }

  /** Who calls, in every request of the open transaction. */
  get caller(): Started {
    if (this.#started === undefined) {
      throw new StratalogClientError(
        'invalid-argument',
        'the transaction has ended; begin another',
      );
    }
    return this.#started;
  }

  encode(part: PartitionPart, compression: CompressionKind): Uint8Array {
    const { producer_id: id, producer_epoch: producerEpoch } = this.caller;
    return encodeBatch({
      records: part.records,
      compression,
      isTransactional: true,
      producerId: BigInt(id),
      producerEpoch,
      baseSequence: this.#sequences.get(partitionKey(part)) ?? 0,
    });
  }

  advance(parts: readonly PartitionPart[]): void {
    for (const part of parts) {
      const key = partitionKey(part);
      const next = (this.#sequences.get(key) ?? 0) + part.records.length;
      this.#sequences.set(key, next % SEQUENCE_COUNT);
    }
  }

  /** The next transaction has the next number; where it isn't known what was staged, it has a new epoch. */
  ended(isKnown: boolean): void {
    const started = this.#started;
    this.#started =
      started === undefined || !isKnown
        ? undefined
        : { ...started, transaction_number: started.transaction_number + 1 };
  }

  async #initialize(): Promise<void> {
    const { api, transactionalId, timeoutMs } = this.#tools;
    this.#started = await api.json<Started>({
      method: 'POST',
      path: '/producers',
      json: {
        transactional_id: transactionalId,
        ...(timeoutMs === undefined ? {} : { transaction_timeout_ms: timeoutMs }),
      },
    });
    this.#sequences.clear();
  }
}

/** Records of one partition that fit a batch. */
interface PartitionPart extends TopicPartition {
  readonly records: readonly NewRecord[];
}

/** One transaction. Errors of the log: INVALID_PRODUCER_EPOCH (fenced), INVALID_TXN_STATE (timed out). */
export class Transaction {
  readonly #tools: TransactionTools;
  readonly #session: TransactionSession;
  /** What is sent is staged in the order of the calls. */
  #last: Promise<unknown> = Promise.resolve();
  #failure: unknown;
  #isActive = true;
  #isAbandoned = false;

  constructor(tools: TransactionTools, session: TransactionSession) {
    this.#tools = tools;
    this.#session = session;
  }

  /** Neither committed nor aborted yet. */
  isActive(): boolean {
    return this.#isActive;
  }

  /** When its abort did not get through: leaves it to the next initialisation. Whether that is so. */
  abandon(): boolean {
    if (this.#isAbandoned) this.#close(false);
    return this.#isAbandoned;
  }

  async send(record: ProducerRecord): Promise<RecordMetadata[]> {
    return await this.sendBatch(batchOf(record));
  }

  /** Resolves when all is staged, with one entry a partition; offsets aren't known before the commit. */
  async sendBatch(batch: ProducerBatch): Promise<RecordMetadata[]> {
    assertBatch(batch);
    const { topicMessages = [], compression } = batch;
    return await this.#inOrder(async () => {
      const kind =
        compression === undefined ? this.#tools.compression : compressionKind(compression);
      const plans = await this.#tools.plan(topicMessages);
      for (const round of roundsOf(plans)) await this.#stage(round, kind);
      return plans.map(({ topic, partition }) => ({
        topicName: topic,
        partition,
        errorCode: 0,
        logAppendTime: '-1',
      }));
    });
  }

  /** The group's offsets are committed with the transaction, if its member still owns the partitions then. */
  async sendOffsets(offsets: TransactionOffsets): Promise<void> {
    const { topics } = takenBy('sendOffsets()', offsets);
    nameOf('consumerGroupId', offsets.consumerGroupId);
    await this.#inOrder(async () => {
      const places = objectsOf('topics', topics).flatMap(({ topic, partitions }) =>
        objectsOf('partitions', partitions).map(({ partition, offset }) => ({
          topic,
          partition,
          offset,
        })),
      );
      const byMember = Map.groupBy(places, (place) => JSON.stringify(this.#member(offsets, place)));
      for (const [member, own] of byMember) {
        await this.#tools.api.json({
          method: 'POST',
          path: this.#path('offsets'),
          json: {
            ...this.#session.caller,
            ...JSON.parse(member),
            offsets: own.map(({ topic, partition, offset }) => ({
              topic_name: topic,
              partition_id: partition,
              offset: offsetOf(offset),
            })),
          },
        });
      }
    });
  }

  /**
   * Everything becomes visible at once. After an error of the connection it may be called again; after any other the
   * transaction can only be aborted.
   */
  async commit(): Promise<void> {
    await this.#last;
    if (this.#failure !== undefined) {
      const message = 'something of the transaction was not staged: it can only be aborted';
      throw new StratalogClientError('invalid-argument', message, { cause: this.#failure });
    }
    await this.#end('commit');
  }

  /**
   * Nothing of it becomes visible. After an error of the connection it may be called again, or another transaction begun,
   * which aborts this one.
   */
  async abort(): Promise<void> {
    await this.#last;
    try {
      await this.#end('abort');
    } catch (error) {
      // Fenced: whoever did it has aborted it. Ended already: then the caller must know how.
      const isFenced = isKafkaError(error, 'INVALID_PRODUCER_EPOCH', 'INVALID_PRODUCER_ID_MAPPING');
      const hasEnded = isKafkaError(error, 'INVALID_TXN_STATE');
      if (isFenced || hasEnded) this.#close(false);
      this.#isAbandoned = true;
      if (!isFenced) throw error;
    }
  }

  async #end(verb: 'commit' | 'abort'): Promise<void> {
    this.#assertActive();
    await this.#tools.api.json({
      method: 'POST',
      path: this.#path(verb),
      json: this.#session.caller,
    });
    this.#close(this.#failure === undefined);
  }

  #close(isKnown: boolean): void {
    this.#isActive = false;
    this.#session.ended(isKnown);
  }

  async #stage(parts: readonly PartitionPart[], compression: CompressionKind): Promise<void> {
    await this.#tools.api.json({
      method: 'POST',
      path: this.#path('records'),
      query: { ...this.#session.caller },
      raw: encodeFrames(
        parts.map((part) => ({
          topicName: part.topic,
          partition: part.partition,
          batches: this.#session.encode(part, compression),
        })),
      ),
    });
    this.#session.advance(parts);
  }

  /** A failure leaves open what is staged, so that nothing more may be. */
  #inOrder<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#assertActive();
    const done = this.#last.then(async () => {
      if (this.#failure !== undefined) throw this.#failure;
      return await work();
    });
    this.#last = done.catch((error: unknown) => {
      this.#failure ??= error;
    });
    return done;
  }

  #assertActive(): void {
    if (this.#isActive) return;
    throw new StratalogClientError('invalid-argument', 'the transaction has ended; begin another');
  }

  #member({ consumerGroupId, groupMetadata }: TransactionOffsets, place: TopicPartition) {
    const member = groupMetadata ?? this.#tools.findMember(consumerGroupId, place);
    if (member !== undefined) {
      const { memberId, memberEpoch } = member;
      return { group_id: consumerGroupId, member_id: memberId, member_epoch: memberEpoch };
    }
    const message = `no consumer of group ${consumerGroupId} in this client owns ${partitionKey(place)}; give its groupMetadata()`;
    throw new StratalogClientError('partition-lost', message);
  }

  #path(verb: string): string {
    return pathOf('transactions', this.#tools.transactionalId, verb);
  }
}

/** One batch a partition and request, and no request larger than a batch may be. */
function roundsOf(plans: readonly PartitionPlan[]): PartitionPart[][] {
  const rounds: { parts: PartitionPart[]; sizeBytes: number }[] = [];
  for (const { topic, partition, records } of plans) {
    let from = 0;
    for (const part of splitRecords(records, RECORD_BATCH_BYTES)) {
      const fits = (round: { readonly sizeBytes: number }): boolean =>
        round.sizeBytes + part.sizeBytes <= RECORD_BATCH_BYTES;
      let at = rounds.findIndex((round, index) => index >= from && fits(round));
      if (at < 0) at = rounds.push({ parts: [], sizeBytes: 0 }) - 1;
      const round = rounds[at];
      round?.parts.push({ topic, partition, records: part.records });
      if (round !== undefined) round.sizeBytes += part.sizeBytes;
      from = at + 1;
    }
  }
  return rounds.map(({ parts }) => parts);
}
