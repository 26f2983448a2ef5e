// What is appended after it was answered (acks=0): the produce function invokes itself asynchronously. Lambda keeps the
// event, and delivers it at least once; the object's id in it is what makes a second delivery stop.

import type { Invoker, LateAppend } from '../../ports/environment.ts';
import { createEventSender, type InvokedFunction } from './lambda-client.ts';

/** The event, as JSON: batches in base64. */
export interface LateAppendEvent {
  readonly kind: 'late-append';
  /** The function that answered has seen to it that it may be appended. */
  readonly authorized?: boolean;
  /** Else: who hands it over. */
  readonly principal?: string;
  readonly objectId: string;
  readonly partitions: readonly {
    readonly topicName: string;
    readonly partition: number;
    readonly batches: string;
  }[];
}

export function encodeLateAppend(late: LateAppend): LateAppendEvent {
  return {
    kind: 'late-append',
    authorized: true,
    objectId: late.objectId,
    partitions: late.partitions.map((part) => ({
      topicName: part.topicName,
      partition: part.partition,
      batches: Buffer.from(part.batches).toString('base64'),
    })),
  };
}

export function decodeLateAppend(event: LateAppendEvent): LateAppend {
  return {
    objectId: event.objectId,
    partitions: event.partitions.map((part) => ({
      topicName: part.topicName,
      partition: part.partition,
      batches: Buffer.from(part.batches, 'base64'),
    })),
  };
}

/** The function takes `LateAppendEvent`. */
export function createLambdaInvoker(invoked: InvokedFunction): Invoker {
  const send = createEventSender(invoked, 2);
  return { appendLater: async (late) => await send(encodeLateAppend(late)) };
}
