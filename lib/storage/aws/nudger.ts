// Nudges the merging function by an asynchronous invocation. At most one run a partition is at work, by its lease.

import type { Nudger } from '../../ports/nudger.ts';
import { createEventSender, type InvokedFunction } from './lambda-client.ts';

/** The function takes `{ partition: { topicId, partition } }`. */
export function createLambdaNudger(invoked: InvokedFunction): Nudger {
  const send = createEventSender(invoked, 1);
  return {
    nudge: ({ topicId, partition }) => send({ partition: { topicId, partition } }),
  };
}
