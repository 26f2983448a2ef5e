// From Lambda's events to the HTTP application and back: HTTP API, REST API, function URL and direct invocation.

import type { Hono } from 'hono';
import { handle } from 'hono/aws-lambda';
import { createApp } from '../../lib/api/app.ts';
import type { Route } from '../../lib/api/operation.ts';
import { FUNCTION_ANSWER_BYTES_MAX } from '../../lib/limits.ts';
import type { Runtime } from './runtime.ts';

export type Handler = ReturnType<typeof handle>;

/** What one character of JSON text can become: three bytes of UTF-8, or an escape of two. */
const ESCAPED_BYTES_MAX = 3;

/** A REST API's path begins with its stage; an HTTP API's does, too, unless the stage is `$default`. */
interface StagedEvent {
  readonly requestContext?: { readonly stage?: string };
}

export function httpHandler<Uses>(
  routes: readonly Route<Uses>[],
  { services, access }: Runtime<Uses>,
): Handler {
  const app: Hono = createApp(routes, services, { isTooLarge, access });
  const inner = handle(app);
  return (event, context) => inner(withoutStage(event), context);
}

/** Lambda sends its result as JSON, so a body of JSON is escaped once more: each of its quotes takes two bytes. */
function isTooLarge(json: string): boolean {
  const mayBe = json.length > FUNCTION_ANSWER_BYTES_MAX / ESCAPED_BYTES_MAX;
  return mayBe && Buffer.byteLength(JSON.stringify(json)) > FUNCTION_ANSWER_BYTES_MAX;
}

/** The paths of the API don't know the stage that it is deployed to. */
function withoutStage<Event extends object>(event: Event): Event {
  const stage = (event as StagedEvent).requestContext?.stage;
  const prefix = `/${stage}/`;
  if (!('rawPath' in event) || typeof event.rawPath !== 'string' || stage === undefined)
    return event;
  if (!event.rawPath.startsWith(prefix)) return event;
  return { ...event, rawPath: event.rawPath.slice(prefix.length - 1) };
}
