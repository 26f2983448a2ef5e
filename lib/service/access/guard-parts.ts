// Requests of many parts: what isn't allowed is refused part by part, and only the rest is asked.

import { required } from '../../assert.ts';
import type { Rejected } from '../../errors.ts';

interface Divided<Item, Answer> {
  readonly allowed: readonly Item[];
  /** The answers to what is allowed and the refusals of what isn't, in the order asked. */
  join(answers: readonly Answer[]): readonly Answer[];
}

export function divide<Item, Answer>(
  items: readonly Item[],
  refuse: (item: Item) => Answer | undefined,
): Divided<Item, Answer> {
  const refusals = items.map(refuse);
  return {
    allowed: items.filter((_, index) => refusals[index] === undefined),
    join(answers) {
      const remaining = answers.values();
      return refusals.map(
        (refusal) => refusal ?? required(remaining.next().value, 'an answer for each part'),
      );
    },
  };
}

/** Nothing is asked when nothing is allowed. */
export async function answerAllowed<Item, Answer>(
  items: readonly Item[],
  refuse: (item: Item) => Answer | undefined,
  ask: (allowed: readonly Item[]) => Promise<readonly Answer[]>,
): Promise<readonly Answer[]> {
  const { allowed, join } = divide(items, refuse);
  return join(allowed.length === 0 ? [] : await ask(allowed));
}

/** The first refusal of several things that must all be allowed. */
export function firstRefusal(refusals: Iterable<Rejected | undefined>): Rejected | undefined {
  for (const refusal of refusals) if (refusal !== undefined) return refusal;
  return undefined;
}
