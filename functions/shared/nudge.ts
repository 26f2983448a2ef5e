// Tells the merging function of partitions in which much waits, where the stack has said which function it is.

import type { Nudger } from '../../lib/ports/nudger.ts';
import { createLambdaNudger } from '../../lib/storage/aws/nudger.ts';

export function mergeNudger(): Nudger | undefined {
  const functionName = process.env.STRATALOG_MERGE_FUNCTION;
  if (functionName === undefined || functionName === '') return undefined;
  return createLambdaNudger({ functionName });
}
