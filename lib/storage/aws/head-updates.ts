// The updates of a head, as DynamoDB's expressions: pure, so that they can be read and tested apart from sending them.
// Every clause of a condition has a name.

import { assert } from '../../assert.ts';
import {
  HEAD_HOLD_MS,
  PRODUCERS_PER_EVICTION_MAX,
  PRODUCERS_PER_HEAD_CAP,
  TAIL_ENTRIES_CAP,
} from '../../limits.ts';
import { byteCountOf, type Page, recordCountOf } from '../../log/partition.ts';
import type { KnownProducer } from '../../log/producer-states.ts';
import type { AppendToHeadRequest, ProducerCondition } from '../../ports/partition-store.ts';
import { type Item, numberValue, textValue } from './attributes.ts';
import { TELL_WHAT_STANDS } from './conditional.ts';
import { encodeProducerState, encodeTail, headKey } from './items-head.ts';

/** The part of an UpdateItem that says what changes, and when. */
export interface HeadUpdate {
  readonly UpdateExpression: string;
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues: Record<string, Item[string]>;
}

/** A deleted topic's head must not come back. */
const HEAD_EXISTS = 'attribute_exists(pk)';
/** Below the floor, garbage collection may have taken the object. */
const OBJECT_NOT_BELOW_FLOOR = '#floor <= :objectId';
/** Above the cap, the tail must be rolled first. */
const TAIL_BELOW_CAP = 'size(#tail) < :cap';
const OFFSET_MATCHES = '#next = :matchOffset';
const PRODUCER_IN_STATE = '#producers.#pid = :expected';
const PRODUCER_ABSENT = 'attribute_not_exists(#producers.#pid)';
/** No state was moved out of the head since the stored one was read. */
const NO_EVICTION_SINCE = '#evictions = :evictions';
/** Above the cap, idle producers must be moved out first. */
const PRODUCERS_BELOW_CAP = 'size(#producers) < :producersCap';
/** Nor held by a clock that is far ahead. */
const NOT_HELD = '(attribute_not_exists(#held) OR NOT #held BETWEEN :nowMs AND :holdEnd)';
const BASE_UNMOVED = '#base = :tailBase';
const START_BELOW = '#start < :offset';
const END_NOT_BELOW = '#next >= :offset';

/** What the base offset is, `next` before the update, becomes the producer's last offset in the same write. */
const APPEND = 'SET #tail = list_append(#tail, :entries), #next = #next + :count';
const END_HOLD = ' REMOVE #held';
const MOVE_PRODUCER = ', #producers.#pid = :state, #lastOffsets.#pid = #next';

/** Adds entries to the tail and their record counts to `next`. */
export function appendUpdate(request: AppendToHeadRequest): HeadUpdate {
  const { matchOffset, producer, unlessHeldAtMs } = request;
  const conditions = [HEAD_EXISTS, OBJECT_NOT_BELOW_FLOOR, TAIL_BELOW_CAP];
  const names: Record<string, string> = { '#tail': 'tail', '#next': 'next', '#floor': 'floor' };
  const values: Record<string, Item[string]> = {
    ':entries': encodeTail(request.entries),
    ':count': numberValue(recordCountOf(request.entries)),
    ':objectId': textValue(request.objectId),
    ':cap': numberValue(TAIL_ENTRIES_CAP),
  };
  if (matchOffset !== undefined) {
    conditions.push(OFFSET_MATCHES);
    values[':matchOffset'] = numberValue(matchOffset);
  }
  if (unlessHeldAtMs !== undefined) {
    conditions.push(NOT_HELD);
    names['#held'] = 'held';
    values[':nowMs'] = numberValue(unlessHeldAtMs);
    values[':holdEnd'] = numberValue(unlessHeldAtMs + HEAD_HOLD_MS);
  }
  if (producer !== undefined) {
    const clauses = producerClauses(producer);
    conditions.push(...clauses.conditions);
    Object.assign(names, clauses.names);
    Object.assign(values, clauses.values);
  }
  return {
    UpdateExpression: producer === undefined ? APPEND : APPEND + MOVE_PRODUCER,
    ConditionExpression: conditions.join(' AND '),
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
  };
}

/** The same as part of a transaction, which ends a hold: a refusal brings the head that stands. */
export function appendItem(tableName: string, request: AppendToHeadRequest) {
  assert(request.entries.length > 0, 'an append has entries');
  const update = appendUpdate(request);
  return {
    Update: {
      TableName: tableName,
      Key: headKey(request.partition),
      ...update,
      UpdateExpression: update.UpdateExpression + END_HOLD,
      ExpressionAttributeNames: { ...update.ExpressionAttributeNames, '#held': 'held' },
      ReturnValuesOnConditionCheckFailure: TELL_WHAT_STANDS.ReturnValuesOnConditionCheckFailure,
    },
  };
}

function producerClauses({ producerId, expected, next }: ProducerCondition) {
  const names = {
    '#producers': 'producers',
    '#lastOffsets': 'lastOffsets',
    '#pid': producerId.toString(),
  };
  const state = { ':state': textValue(encodeProducerState(next)) };
  switch (expected.kind) {
    case 'state':
      return {
        conditions: [PRODUCER_IN_STATE],
        names,
        values: { ...state, ':expected': textValue(encodeProducerState(expected)) },
      };
    case 'absent':
      return {
        conditions: [PRODUCER_ABSENT, NO_EVICTION_SINCE, PRODUCERS_BELOW_CAP],
        names: { ...names, '#evictions': 'evictions' },
        values: {
          ...state,
          ':evictions': numberValue(expected.evictions),
          ':producersCap': numberValue(PRODUCERS_PER_HEAD_CAP),
        },
      };
  }
}

/** Removes a page's entries from the front of the tail and counts them as rolled. */
export function trimUpdate(tailBase: bigint, page: Page): HeadUpdate {
  assert(page.baseOffset === tailBase, 'a page begins where the tail does');
  assert(page.entries.length > 0, 'a page has entries');
  // Descending: some servers shift the rest of the list after each removal.
  const elements = page.entries.map((_, index) => `#tail[${index}]`).reverse();
  return {
    UpdateExpression: `SET #base = :end, #maxTime = :maxTime, #bytes = :bytes REMOVE ${elements.join(', ')}`,
    ConditionExpression: [HEAD_EXISTS, BASE_UNMOVED].join(' AND '),
    ExpressionAttributeNames: {
      '#tail': 'tail',
      '#base': 'base',
      '#maxTime': 'maxTime',
      '#bytes': 'bytes',
    },
    ExpressionAttributeValues: {
      ':tailBase': numberValue(tailBase),
      ':end': numberValue(page.endOffset),
      ':maxTime': numberValue(page.maxTimestampMs),
      ':bytes': numberValue(page.bytesBefore + byteCountOf(page.entries)),
    },
  };
}

/** Asks appends to stay away until then. */
export function holdUpdate(untilMs: number): HeadUpdate {
  return {
    UpdateExpression: 'SET #held = :until',
    ConditionExpression: HEAD_EXISTS,
    ExpressionAttributeNames: { '#held': 'held' },
    ExpressionAttributeValues: { ':until': numberValue(untilMs) },
  };
}

/** Moves the log's start up, at most to its end. */
export function logStartUpdate(offset: bigint): HeadUpdate {
  return {
    UpdateExpression: 'SET #start = :offset',
    ConditionExpression: [HEAD_EXISTS, START_BELOW, END_NOT_BELOW].join(' AND '),
    ExpressionAttributeNames: { '#start': 'start', '#next': 'next' },
    ExpressionAttributeValues: { ':offset': numberValue(offset) },
  };
}

/** Takes producers' states out, on the condition that each has appended nothing since (`no-double-append`). */
export function evictUpdate(
  producers: readonly Pick<KnownProducer, 'producerId' | 'lastOffset'>[],
): HeadUpdate {
  assert(producers.length > 0, 'there are producers to move');
  assert(
    producers.length <= PRODUCERS_PER_EVICTION_MAX,
    `one update moves at most ${PRODUCERS_PER_EVICTION_MAX} producers`,
  );
  const names: Record<string, string> = {
    '#producers': 'producers',
    '#offsets': 'lastOffsets',
    '#evictions': 'evictions',
  };
  const values: Record<string, Item[string]> = { ':one': numberValue(1) };
  for (const [index, { producerId, lastOffset }] of producers.entries()) {
    names[`#p${index}`] = producerId.toString();
    values[`:o${index}`] = numberValue(lastOffset);
  }
  const states = producers.flatMap((_, index) => [`#producers.#p${index}`, `#offsets.#p${index}`]);
  const unchanged = producers.map((_, index) => `#offsets.#p${index} = :o${index}`);
  return {
    UpdateExpression: `SET #evictions = #evictions + :one REMOVE ${states.join(', ')}`,
    ConditionExpression: [HEAD_EXISTS, ...unchanged].join(' AND '),
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
  };
}
