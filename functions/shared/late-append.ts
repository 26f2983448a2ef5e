// acks=0 in Lambda: the produce function invokes itself with what it has answered already.

import type { Invoker, LateAppend } from '../../lib/ports/environment.ts';
import {
  createLambdaInvoker,
  decodeLateAppend,
  type LateAppendEvent,
} from '../../lib/storage/aws/invoker.ts';
import { setting } from './runtime.ts';

/** Invokes this very function; Lambda gives it its name. */
export function invokeMyself(): Invoker {
  return createLambdaInvoker({ functionName: setting('AWS_LAMBDA_FUNCTION_NAME') });
}

/** The append that an event carries; undefined for an event of HTTP. */
export function lateAppendOf(event: object): LateAppend | undefined {
  if (!('kind' in event) || event.kind !== 'late-append') return undefined;
  return decodeLateAppend(event as LateAppendEvent);
}
