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

/** Of either payload format. */
interface RoutedEvent {
  readonly requestContext?: { readonly stage?: string };
  /** Payload format 2.0: begins with the stage, unless that is `$default`. */
  readonly rawPath?: string;
  /** Payload format 1.0. */
  readonly path?: string;
}

/** What no encoded path has in it. */
const NEVER_LITERAL = /[^\w\-.~!$&'()*+,;=:@/%]|%(?![0-9A-Fa-f]{2})/gu;

export function httpHandler<Uses>(
  routes: readonly Route<Uses>[],
  { services, access }: Runtime<Uses>,
): Handler {
  const app: Hono = createApp(routes, services, { isTooLarge, access });
  const inner = handle(app);
  return (event, context) => inner(withEncodedPath(event), context);
}

/** Lambda sends its result as JSON, so a body of JSON is escaped once more: each of its quotes takes two bytes. */
function isTooLarge(json: string): boolean {
  const mayBe = json.length > FUNCTION_ANSWER_BYTES_MAX / ESCAPED_BYTES_MAX;
  return mayBe && Buffer.byteLength(JSON.stringify(json)) > FUNCTION_ANSWER_BYTES_MAX;
}

/**
 * The path as a client would have written it, without the stage, which the API doesn't know. An HTTP API has decoded it
 * (all but percent signs), so that a question mark of a name would begin the query here; a REST API leaves it as it was.
 */
function withEncodedPath<Event extends object>(event: Event): Event {
  const { rawPath, path, requestContext }: RoutedEvent = event;
  if (typeof rawPath === 'string') {
    const prefix = `/${requestContext?.stage}/`;
    const own = rawPath.startsWith(prefix) ? rawPath.slice(prefix.length - 1) : rawPath;
    return { ...event, rawPath: own.replace(NEVER_LITERAL, percentEncoded) };
  }
  return typeof path === 'string'
    ? { ...event, path: path.replace(NEVER_LITERAL, percentEncoded) }
    : event;
}

function percentEncoded(character: string): string {
  return character.isWellFormed() ? encodeURIComponent(character) : '%EF%BF%BD';
}
