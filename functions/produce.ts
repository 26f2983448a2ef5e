// Produce: over HTTP, and what acks=0 left to be appended later.

import { produceRoutes } from '../lib/api/routes/produce.ts';
import {
  createLambdaInvoker,
  decodeLateAppend,
  type LateAppendEvent,
} from '../lib/storage/aws/invoker.ts';
import { type Handler, httpHandler } from './shared/handler.ts';
import { createRuntime, ownName } from './shared/runtime.ts';

const services = createRuntime(createLambdaInvoker({ functionName: ownName() }));
const overHttp = httpHandler(produceRoutes, services);

type HttpEvent = Parameters<Handler>[0];

/** An append that fails in the storage throws, so that Lambda delivers it again; a refusal is final. */
export const handler = async (
  event: HttpEvent | LateAppendEvent,
  context?: Parameters<Handler>[1],
): Promise<unknown> => {
  if (!('kind' in event) || event.kind !== 'late-append')
    return overHttp(event as HttpEvent, context);
  await services.append.append(decodeLateAppend(event));
  return undefined;
};
