// Conditional writes, whose refusals are answers and no failures: the loser learns the winner's state from the
// refusal itself.

import {
  type AttributeValue,
  ConditionalCheckFailedException,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import type { Item } from './attributes.ts';
import { storageFailure } from './errors.ts';

/** What every conditional write of one item asks for, so that a refusal brings the item that stands. */
export const TELL_WHAT_STANDS = {
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  ReturnConsumedCapacity: 'TOTAL',
} as const;

/** `refused`: the condition failed; `item` is what stands, undefined when there is none. */
export type Conditional<Answer> =
  | { readonly kind: 'done'; readonly answer: Answer }
  | { readonly kind: 'refused'; readonly item: Item | undefined };

/** The outcome of a conditional write of one item. */
export async function conditional<Answer>(
  operation: string,
  request: Promise<Answer>,
): Promise<Conditional<Answer>> {
  try {
    return { kind: 'done', answer: await request };
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw storageFailure(error, operation);
    return { kind: 'refused', item: presentItem(error.Item) };
  }
}

/** `refused`: nothing was written; by position of the transaction's items, those whose conditions failed. */
export type Transacted =
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly failed: ReadonlyMap<number, Item | undefined> };

/** The outcome of a transaction. A conflict or a throttle is a failure only where no condition failed. */
export async function transacted(request: Promise<unknown>): Promise<Transacted> {
  try {
    await request;
    return { kind: 'done' };
  } catch (error) {
    const failed = failedConditions(error);
    if (failed.size === 0) throw storageFailure(error, 'TransactWriteItems');
    return { kind: 'refused', failed };
  }
}

function failedConditions(error: unknown): Map<number, Item | undefined> {
  const failed = new Map<number, Item | undefined>();
  if (!(error instanceof TransactionCanceledException)) return failed;
  for (const [index, reason] of (error.CancellationReasons ?? []).entries()) {
    if (reason.Code === 'ConditionalCheckFailed') failed.set(index, presentItem(reason.Item));
  }
  return failed;
}

/** Some servers say "no item" with an empty one. */
function presentItem(item: Record<string, AttributeValue> | undefined): Item | undefined {
  return item === undefined || Object.keys(item).length === 0 ? undefined : item;
}
