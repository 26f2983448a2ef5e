// Produce: over HTTP, and what acks=0 left to be appended later.

import { produceRoutes } from '../lib/api/routes/produce.ts';
import { type Handler, httpHandler } from './shared/handler.ts';
import { invokeMyself, lateAppendOf } from './shared/late-append.ts';
import { mergeNudger } from './shared/nudge.ts';
import { createRuntime } from './shared/runtime.ts';

const services = createRuntime(invokeMyself(), mergeNudger());
const overHttp = httpHandler(produceRoutes, services);

/** A late append that fails in the storage throws, so that Lambda delivers it again; a refusal is final. */
export const handler = async (
  event: Parameters<Handler>[0],
  context?: Parameters<Handler>[1],
): Promise<unknown> => {
  const late = lateAppendOf(event);
  if (late === undefined) return overHttp(event, context);
  await services.append.append(late);
  return undefined;
};
