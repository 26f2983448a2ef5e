// Produce: over HTTP, and what acks=0 left to be appended later.

import { produceRoutes } from '../lib/api/routes/produce.ts';
import { type Handler, httpHandler } from './shared/handler.ts';
import {
  invokeMyself,
  lateAppendLine,
  lateAppendOf,
  servicesForLate,
} from './shared/late-append.ts';
import { mergeNudger } from './shared/nudge.ts';
import { createRuntime } from './shared/runtime.ts';

const runtime = createRuntime(invokeMyself(), mergeNudger());
const overHttp = httpHandler(produceRoutes, runtime);

/**
 * A late append whose bytes could not be stored throws, so that Lambda delivers it again. Once they are stored a second
 * delivery would stop at them, so what a partition then refuses is final: it is told in the log, and counted.
 */
export const handler = async (
  event: Parameters<Handler>[0],
  context?: Parameters<Handler>[1],
): Promise<unknown> => {
  const late = lateAppendOf(event);
  if (late === undefined) return overHttp(event, context);
  const services = await servicesForLate(event, runtime);
  const line = lateAppendLine(late, await services.append.append(late), Date.now());
  if (line !== undefined) process.stdout.write(`${line}\n`);
  return undefined;
};
