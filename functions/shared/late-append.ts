// acks=0 in Lambda: the produce function invokes itself with what it has answered already. Nobody hears what becomes
// of it, so what is dropped is counted.

import type { PartitionAppendResult } from '../../lib/log/append.ts';
import type { Invoker, LateAppend } from '../../lib/ports/environment.ts';
import {
  createLambdaInvoker,
  decodeLateAppend,
  type LateAppendEvent,
} from '../../lib/storage/aws/invoker.ts';
import { believed } from './access.ts';
import { metricLine } from './metrics.ts';
import { type Runtime, setting } from './runtime.ts';

/** Invokes this very function; Lambda gives it its name. */
export function invokeMyself(): Invoker {
  return createLambdaInvoker({ functionName: setting('AWS_LAMBDA_FUNCTION_NAME') });
}

/** The append that an event carries; undefined for an event of HTTP. */
export function lateAppendOf(event: object): LateAppend | undefined {
  if (!('kind' in event) || event.kind !== 'late-append') return undefined;
  return decodeLateAppend(event as LateAppendEvent);
}

/**
 * The line that says what of a late append was not appended; undefined when all was. `LateAppendsDropped`: partitions'
 * parts that were refused after they had been accepted. `LateAppendsRepeated`: parts of a delivery that met an earlier
 * one's object; that one appended them, or was stopped before it could.
 */
export function lateAppendLine(
  late: LateAppend,
  results: readonly PartitionAppendResult[],
  nowMs: number,
): string | undefined {
  const refused = results.filter((result) => result.kind === 'rejected');
  if (refused.length === 0) return undefined;
  const repeated = refused.filter(({ code }) => code === 'DUPLICATE_SEQUENCE_NUMBER').length;
  const dropped = refused.length - repeated;
  const metrics = {
    ...(dropped === 0 ? {} : { LateAppendsDropped: dropped }),
    ...(repeated === 0 ? {} : { LateAppendsRepeated: repeated }),
  };
  const parts = refused.map(({ topicName, partition, code }) => ({ topicName, partition, code }));
  return metricLine({ metrics, details: { objectId: late.objectId, refused: parts }, nowMs });
}

/**
 * What was answered by this function may be appended: that was decided before it was answered. What somebody else hands
 * over is theirs.
 */
export async function servicesForLate<Uses>(
  event: object,
  { services, access }: Runtime<Uses>,
): Promise<Uses> {
  const { authorized, principal } = event as LateAppendEvent;
  if (access === undefined || authorized === true) return services;
  return access.servicesFor(believed(principal));
}
