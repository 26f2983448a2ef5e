// Answers to requests of many parts, each of which may fail for itself.

import type { ErrorCode } from '../errors.ts';
import { problem } from './problem.ts';
import type { Reply } from './reply.ts';

type Outcome =
  | { readonly kind: 'rejected'; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: string };

/** 200 when all is well, 207 when some is, else the first failure's own status: never 200 over a hidden failure. */
export function mixedReply(
  outcomes: readonly Outcome[],
  json: Readonly<Record<string, unknown>>,
): Reply {
  const refusals = outcomes.filter((outcome) => 'code' in outcome);
  // Where one refusal has kept the others out, that one says why.
  const [any] = refusals;
  const first = refusals.find(({ code }) => code !== 'OPERATION_NOT_ATTEMPTED') ?? any;
  if (first === undefined) return { status: 200, json };
  return refusals.length < outcomes.length ? { status: 207, json } : problem(first, json);
}
