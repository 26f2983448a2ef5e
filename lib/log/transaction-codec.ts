// A transaction as the one text that both homes store: JSON with short names.
//
//   { "p": producer id, "e": epoch, "t": timeout ms, "n": number, "l": last outcome,
//     "m": its epoch, "d": deadline ms,
//     "q": { <partition>: last sequence }, "s": { <partition>: [ entry, base64 ] },
//     "o": [ [ group, member, member epoch, topic id, topic name, partition, offset, metadata ] ] }
//
// <partition> is `<topicId>/<p>`; offsets and producer ids are digits in text, because they exceed what JSON numbers
// hold. The transactional id and the version stand beside the text, where conditions can name them.

import { type Rejected, rejected, StratalogError } from '../errors.ts';
import { TRANSACTION_BYTES_MAX } from '../limits.ts';
import { decodeEntry, encodeEntry } from './entry-codec.ts';
import type { StagedOffset, Transaction, TransactionOutcome } from './transaction.ts';

type OffsetText = readonly [string, string, number, string, string, number, string, string];

interface TransactionText {
  readonly p: string;
  readonly e: number;
  readonly t: number;
  readonly n: number;
  readonly l?: TransactionOutcome;
  readonly m?: number;
  readonly d?: number;
  readonly q: Readonly<Record<string, number>>;
  readonly s: Readonly<Record<string, readonly string[]>>;
  readonly o: readonly OffsetText[];
}

/** What stands beside the text. */
export type TransactionKey = Pick<Transaction, 'transactionalId' | 'version'>;

export function encodeTransaction(transaction: Transaction): string {
  const { last, lastEpoch, deadlineMs } = transaction;
  const staged = [...transaction.staged].map(([key, entries]): [string, string[]] => [
    key,
    entries.map((entry) => Buffer.from(encodeEntry(entry)).toString('base64')),
  ]);
  const text: TransactionText = {
    p: transaction.producerId.toString(),
    e: transaction.producerEpoch,
    t: transaction.timeoutMs,
    n: transaction.number,
    ...(last === undefined ? {} : { l: last }),
    ...(lastEpoch === undefined ? {} : { m: lastEpoch }),
    ...(deadlineMs === undefined ? {} : { d: deadlineMs }),
    q: Object.fromEntries(transaction.sequences),
    s: Object.fromEntries(staged),
    o: transaction.offsets.map(encodeOffset),
  };
  return JSON.stringify(text);
}

/**
 * Why a transaction can't be stored, undefined where it can. Sequences are remembered as long as the epoch lasts, some 40
 * bytes a partition; names and metadata may be long.
 */
export function checkTransactionBytes(transaction: Transaction): Rejected | undefined {
  const bytes = Buffer.byteLength(encodeTransaction(transaction));
  if (bytes <= TRANSACTION_BYTES_MAX) return undefined;
  return rejected(
    'INVALID_REQUEST',
    `the transaction, with the sequences of all ${transaction.sequences.size} partitions that its producer wrote to, takes ${bytes} bytes, at most ${TRANSACTION_BYTES_MAX}: nothing of this request was staged; commit sooner, or abort it and initialise the transactional id again`,
  );
}

/** What `encodeTransaction` made; UNKNOWN_SERVER_ERROR for anything else. */
export function decodeTransaction(key: TransactionKey, encoded: string): Transaction {
  try {
    const text = JSON.parse(encoded) as TransactionText;
    const staged = Object.entries(text.s).map(
      ([partition, entries]) =>
        [partition, entries.map((entry) => decodeEntry(Buffer.from(entry, 'base64')))] as const,
    );
    return {
      ...key,
      producerId: BigInt(text.p),
      producerEpoch: text.e,
      timeoutMs: text.t,
      number: text.n,
      ...(text.l === undefined ? {} : { last: text.l }),
      ...(text.m === undefined ? {} : { lastEpoch: text.m }),
      ...(text.d === undefined ? {} : { deadlineMs: text.d }),
      sequences: new Map(Object.entries(text.q)),
      staged: new Map(staged),
      offsets: text.o.map(decodeOffset),
    };
  } catch (error) {
    throw unreadable(error);
  }
}

function unreadable(cause: unknown): StratalogError {
  const message = 'a stored transaction can’t be read';
  return new StratalogError('UNKNOWN_SERVER_ERROR', message, { cause });
}

function encodeOffset(one: StagedOffset): OffsetText {
  return [
    one.groupId,
    one.memberId,
    one.memberEpoch,
    one.topicId,
    one.topicName,
    one.partition,
    one.offset.toString(),
    one.metadata,
  ];
}

function decodeOffset(text: OffsetText): StagedOffset {
  const [groupId, memberId, memberEpoch, topicId, topicName, partition, offset, metadata] = text;
  return {
    groupId,
    memberId,
    memberEpoch,
    topicId,
    topicName,
    partition,
    offset: BigInt(offset),
    metadata,
  };
}
