// Errors as callers see them: Kafka's name and number, ours (its first three digits are the status), whether trying
// again can help, and what to do. Never a stack, never a payload.

import * as z from 'zod';
import { ERRORS, type ErrorCode, httpStatus, StratalogError } from '../errors.ts';
import { RETRY_AFTER_SECONDS } from '../limits.ts';
import type { Reply } from './reply.ts';

export const errorFields = {
  error_code: z.int().describe('Five digits; the first three are the HTTP status'),
  message: z.string(),
  kafka_error_code: z.int(),
  kafka_error: z.string(),
  retriable: z.boolean(),
};

export const problemSchema = z
  .object({
    ...errorFields,
    request_id: z.string(),
    log_start_offset: z.int().optional(),
    high_watermark: z.int().optional(),
  })
  .loose()
  .meta({ id: 'Error' });

export interface ErrorFields {
  readonly error_code: number;
  readonly message: string;
  readonly kafka_error_code: number;
  readonly kafka_error: string;
  readonly retriable: boolean;
}

export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly logStartOffset?: bigint;
  readonly highWatermark?: bigint;
}

export function errorFieldsOf({ code, message }: Refusal): ErrorFields {
  const { errorCode, kafkaCode, kafkaError, retriable } = ERRORS[code];
  return {
    error_code: errorCode,
    message,
    kafka_error_code: kafkaCode,
    kafka_error: kafkaError,
    retriable,
  };
}

/** The answer to a request that was refused or failed; its request id is added where it is sent. */
export function problem(refusal: Refusal, more: Readonly<Record<string, unknown>> = {}): Reply {
  const status = httpStatus(refusal.code);
  const { logStartOffset, highWatermark } = refusal;
  const bounds = {
    ...(logStartOffset === undefined ? {} : { log_start_offset: Number(logStartOffset) }),
    ...(highWatermark === undefined ? {} : { high_watermark: Number(highWatermark) }),
  };
  return {
    status,
    json: { ...errorFieldsOf(refusal), ...bounds, ...more },
    headers: headersOf(refusal.code),
  };
}

function headersOf(code: ErrorCode): Readonly<Record<string, string>> {
  // The rest of the body stays unread, so the connection can't be used again.
  if (code === 'BODY_TOO_LARGE') return { connection: 'close' };
  const status = httpStatus(code);
  const waits = status === 429 || status === 503;
  return waits ? { 'retry-after': String(RETRY_AFTER_SECONDS) } : {};
}

/** What an error that reached the edge means for its caller; undefined for one that nobody expected. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof StratalogError) return error;
  if (error instanceof z.ZodError) return { code: 'INVALID_REQUEST', message: describe(error) };
  return undefined;
}

/** The first thing that is wrong with a request, and where. */
function describe(error: z.ZodError): string {
  const [issue] = error.issues;
  if (issue === undefined) return 'the request is not valid';
  const place = issue.path.map((part) =>
    typeof part === 'number' ? `[${part}]` : `.${String(part)}`,
  );
  const name = place.join('').replace(/^\./, '').slice(0, 200);
  return name === '' ? issue.message : `${name}: ${issue.message}`;
}
