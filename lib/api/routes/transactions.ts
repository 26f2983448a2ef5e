// Producers that are known by an id, and their transactions.

import * as z from 'zod';
import { required } from '../../assert.ts';
import { RECORDS_PER_REQUEST_MAX, TRANSACTION_ITEMS_MAX } from '../../limits.ts';
import type { PartitionBatches } from '../../log/append.ts';
import type { Transaction, TransactionCall } from '../../log/transaction.ts';
import { decodeFrames } from '../../record/frames.ts';
import { encodeBatch } from '../../record/record.ts';
import type { StageOutcome } from '../../service/transactions/stage-batches.ts';
import type { TransactionServices } from '../../service/transactions/transaction-services.ts';
import { mixedReply } from '../mixed.ts';
import { type Route, transactionRoute } from '../operation.ts';
import { errorFields, problem } from '../problem.ts';
import type { Reply } from '../reply.ts';
import { failuresJson, memberEpoch, placeShape } from '../schemas/groups.ts';
import {
  bytesOf,
  headers,
  isoTime,
  numberText,
  offset,
  partitionId,
  pathName,
  timestamp,
  topicName,
  typedData,
} from '../schemas/values.ts';

const producerId = z.int().min(0).describe('Exact up to 2^53');
const producerEpoch = z.int().min(0);
const transactionNumber = z
  .int()
  .min(1)
  .describe('From the initialisation on, one more after each commit and abort');
const caller = {
  producer_id: producerId,
  producer_epoch: producerEpoch,
  transaction_number: transactionNumber,
};
const callerQuery = z.strictObject({
  producer_id: numberText.optional(),
  producer_epoch: numberText.optional(),
  transaction_number: numberText.optional(),
});
const params = z.object({ transactional_id: pathName });

const initialized = z
  .object({
    producer_id: producerId,
    producer_epoch: producerEpoch,
    transaction_number: transactionNumber.optional(),
  })
  .meta({ id: 'ProducerId' });
const record = z.strictObject({
  timestamp: timestamp.nullable().optional(),
  key: typedData.nullable().optional(),
  value: typedData.nullable().optional(),
  headers: headers.nullable().optional(),
});
const stageBody = z
  .strictObject({
    ...caller,
    partitions: z
      .array(
        z.strictObject({
          topic_name: topicName,
          partition_id: partitionId,
          base_sequence: z
            .int()
            .min(0)
            .max(2 ** 31 - 1)
            .describe('How many records this producer has staged in the partition in its epoch'),
          records: z.array(record).min(1).max(RECORDS_PER_REQUEST_MAX),
        }),
      )
      .min(1)
      .max(TRANSACTION_ITEMS_MAX),
  })
  .meta({ id: 'StageRequest' });
const offsetsBody = z
  .strictObject({
    ...caller,
    group_id: z.string(),
    member_id: z.string(),
    member_epoch: memberEpoch,
    offsets: z
      .array(
        z.strictObject({
          topic_name: topicName,
          partition_id: partitionId,
          offset: offset.min(0),
          metadata: z.string().nullable().optional(),
        }),
      )
      .min(1)
      .max(TRANSACTION_ITEMS_MAX),
  })
  .meta({ id: 'StageOffsetsRequest' });
const endBody = z.strictObject(caller).meta({ id: 'EndTransactionRequest' });

const staged = z
  .object({ failures: z.array(z.object({ ...placeShape, ...errorFields })) })
  .meta({ id: 'Staged' });
const ended = z
  .object({ outcome: z.enum(['committed', 'aborted']), next_transaction_number: z.int() })
  .meta({ id: 'TransactionEnded' });
const described = z
  .object({
    transactional_id: z.string(),
    producer_id: producerId,
    producer_epoch: producerEpoch,
    transaction_number: transactionNumber,
    state: z.enum(['OPEN', 'READY']),
    times_out_at: z.string().nullable(),
    last_outcome: z.enum(['committed', 'aborted']).nullable(),
    partitions_count: z.int(),
    offsets_count: z.int(),
  })
  .meta({ id: 'Transaction' });

const ERRORS = [401, 403, 409, 413, 415, 422] as const;

type Caller = z.output<typeof endBody>;

export const transactionRoutes: readonly Route<TransactionServices>[] = [
  transactionRoute(
    {
      id: 'initProducer',
      method: 'post',
      path: '/producers',
      function: 'transactions',
      summary:
        'Take a producer id, for batches that are appended once however often they are sent, or take a transactional id over: fences who had it and aborts what that left open',
      body: z
        .strictObject({
          transactional_id: z.string().optional(),
          transaction_timeout_ms: z.int().optional(),
        })
        .meta({ id: 'InitProducerRequest' }),
      answers: { 200: { description: 'The id and its epoch', schema: initialized } },
      errors: [401, 403, 413, 415],
    },
    async ({ body = {} }, { producers, transactions }) => {
      const { transactional_id: transactionalId, transaction_timeout_ms: timeoutMs } = body;
      if (transactionalId === undefined) {
        return { status: 200, json: producerJson(await producers.initProducer()) };
      }
      const started = await transactions.init({ transactionalId, timeoutMs });
      if (started.kind === 'rejected') return problem(started);
      const json = { ...producerJson(started), transaction_number: started.number };
      return { status: 200, json };
    },
  ),
  transactionRoute(
    {
      id: 'stageRecords',
      method: 'post',
      path: '/transactions/{transactional_id}/records',
      function: 'transactions',
      summary:
        'Stage records, or record batches as they are (with the caller in the query): all or none; nobody reads them before the commit',
      params,
      query: callerQuery,
      body: stageBody,
      rawBody: true,
      answers: { 200: { description: 'All staged', schema: staged } },
      errors: ERRORS,
    },
    async ({ params: { transactional_id: id }, query, body, raw }, { transactions }) => {
      const request =
        raw === undefined
          ? jsonRequest(id, required(body, 'the body'))
          : { ...callOf(id, endBody.parse(query)), partitions: decodeFrames(raw) };
      if (request.partitions.length === 0) {
        return problem({ code: 'INVALID_REQUEST', message: 'the body has no frame' });
      }
      return stagedReply(await transactions.stage(request));
    },
  ),
  transactionRoute(
    {
      id: 'stageOffsets',
      method: 'post',
      path: '/transactions/{transactional_id}/offsets',
      function: 'transactions',
      summary: 'Stage offsets of a group, which are committed with the transaction',
      params,
      body: offsetsBody,
      answers: { 200: { description: 'All staged', schema: staged } },
      errors: ERRORS,
    },
    async ({ params: { transactional_id: id }, body }, { transactions }) => {
      const asked = required(body, 'the body');
      const outcome = await transactions.stageOffsets({
        ...callOf(id, asked),
        groupId: asked.group_id,
        memberId: asked.member_id,
        memberEpoch: asked.member_epoch,
        offsets: asked.offsets.map((one) => ({
          topicName: one.topic_name,
          partition: one.partition_id,
          offset: BigInt(one.offset),
          metadata: one.metadata ?? '',
        })),
      });
      return stagedReply(outcome);
    },
  ),
  endRoute('commit', 'committed', 'Make all of the transaction visible at once'),
  endRoute('abort', 'aborted', 'Drop what was staged'),
  transactionRoute(
    {
      id: 'getTransaction',
      method: 'get',
      path: '/transactions/{transactional_id}',
      function: 'transactions',
      summary: 'What stands of a transactional id, and how its last transaction ended',
      params,
      answers: { 200: { description: 'What stands', schema: described } },
      errors: [401, 403],
    },
    async ({ params: { transactional_id: id } }, { transactions }) => {
      const found = await transactions.describe(id);
      if (found.kind === 'rejected') return problem(found);
      return { status: 200, json: describedJson(found.transaction) };
    },
  ),
];

function endRoute(
  verb: 'commit' | 'abort',
  outcome: 'committed' | 'aborted',
  summary: string,
): Route<TransactionServices> {
  return transactionRoute(
    {
      id: `${verb}Transaction`,
      method: 'post',
      path: `/transactions/{transactional_id}/${verb}`,
      function: 'transactions',
      summary,
      params,
      body: endBody,
      answers: { 200: { description: 'It has ended so', schema: ended } },
      errors: ERRORS,
    },
    async ({ params: { transactional_id: id }, body }, { transactions }) => {
      const call = callOf(id, required(body, 'the body'));
      const answer = await transactions.end({ ...call, outcome });
      if (answer.kind === 'rejected') return problem(answer);
      const json = { outcome: answer.outcome, next_transaction_number: call.number + 1 };
      return { status: 200, json };
    },
  );
}

function producerJson(producer: {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}): object {
  return {
    producer_id: Number(producer.producerId),
    producer_epoch: producer.producerEpoch,
  };
}

function callOf(transactionalId: string, from: Caller): TransactionCall {
  return {
    transactionalId,
    producerId: BigInt(from.producer_id),
    producerEpoch: from.producer_epoch,
    number: from.transaction_number,
  };
}

/** Records become one batch a partition, with the caller's numbers. */
function jsonRequest(id: string, asked: z.output<typeof stageBody>) {
  const call = callOf(id, asked);
  const nowMs = Date.now();
  const partitions: PartitionBatches[] = asked.partitions.map((one) => ({
    topicName: one.topic_name,
    partition: one.partition_id,
    batches: encodeBatch({
      producerId: call.producerId,
      producerEpoch: call.producerEpoch,
      baseSequence: one.base_sequence,
      records: one.records.map((each) => ({
        timestamp: each.timestamp ?? nowMs,
        key: bytesOf(each.key),
        value: bytesOf(each.value),
        headers: (each.headers ?? []).map(({ name, value }) => ({
          key: name,
          value: value ?? null,
        })),
      })),
    }),
  }));
  return { ...call, partitions };
}

function stagedReply(outcome: StageOutcome): Reply {
  switch (outcome.kind) {
    case 'staged':
      return { status: 200, json: { failures: [] } };
    case 'rejected':
      return problem(outcome);
    case 'partly-wrong':
      return mixedReply(outcome.results, { failures: failuresJson(outcome.results) });
  }
}

function describedJson(transaction: Transaction): object {
  const { deadlineMs, last, staged: entries, offsets } = transaction;
  return {
    transactional_id: transaction.transactionalId,
    ...producerJson(transaction),
    transaction_number: transaction.number,
    state: deadlineMs === undefined ? 'READY' : 'OPEN',
    times_out_at: deadlineMs === undefined ? null : isoTime(deadlineMs),
    last_outcome: last ?? null,
    partitions_count: entries.size,
    offsets_count: offsets.length,
  };
}
