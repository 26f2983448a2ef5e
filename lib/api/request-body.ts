// Reading a request: its body with a bound, its media type, what its caller takes.

import { StratalogError } from '../errors.ts';
import { REQUEST_BYTES_MAX } from '../limits.ts';
import { parseExactJson } from './exact-json.ts';
import { type Operation, RAW_MEDIA_TYPE } from './operation.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

function tooLarge(byteCount: number | string): StratalogError {
  return new StratalogError(
    'BODY_TOO_LARGE',
    `the body has ${byteCount} bytes, a request at most ${REQUEST_BYTES_MAX}; send fewer records at once`,
  );
}

/** Reads a body that has this many bytes, or, undefined, no more than so many; undefined when it has more. */
export type ReadAll = (
  request: Request,
  limits: { readonly lengthBytes: number | undefined; readonly bytesMax: number },
) => Promise<Uint8Array | undefined>;

/** By the platform's Request, which in Lambda is made of bytes that are there already. */
export const readPlainly: ReadAll = async (request, { bytesMax }) => {
  const bytes = new Uint8Array(await request.arrayBuffer());
  return bytes.length > bytesMax ? undefined : bytes;
};

/** The whole body, read no further than the limit. */
async function readBytes(request: Request, readAll: ReadAll): Promise<Uint8Array> {
  const length = request.headers.get('content-length');
  if (length !== null && Number(length) > REQUEST_BYTES_MAX) throw tooLarge(length);
  const lengthBytes = length === null ? undefined : Number(length);
  const bytes = await readAll(request, { lengthBytes, bytesMax: REQUEST_BYTES_MAX });
  if (bytes === undefined) throw tooLarge(`more than ${REQUEST_BYTES_MAX}`);
  return bytes;
}

function mediaType(request: Request): string {
  const [type = ''] = (request.headers.get('content-type') ?? '').split(';');
  return type.trim().toLowerCase();
}

/** In lower case; undefined: none is named. */
function charsetOf(request: Request): string | undefined {
  const [, ...parameters] = (request.headers.get('content-type') ?? '').toLowerCase().split(';');
  const charset = parameters.find((one) => /^\s*charset\s*=/.test(one));
  return charset
    ?.slice(charset.indexOf('=') + 1)
    .trim()
    .replace(/^"(.*)"$/, '$1');
}

function parseJson(bytes: Uint8Array): unknown {
  if (bytes.length === 0) throw new StratalogError('INVALID_REQUEST', 'the body is empty');
  try {
    return parseExactJson(decoder.decode(bytes));
  } catch (error) {
    throw notJson(error);
  }
}

/** The parser's own words may hold a piece of the body, so only where it stopped is said. */
function notJson(cause: unknown): StratalogError {
  const where = /position \d+/.exec(cause instanceof Error ? cause.message : '')?.[0];
  const message = `the body is not JSON in UTF-8${where === undefined ? '' : ` (at ${where})`}`;
  return new StratalogError('INVALID_REQUEST', message, { cause });
}

export type RequestBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'raw'; readonly bytes: Uint8Array };

/** Throws UNSUPPORTED_MEDIA_TYPE, BODY_TOO_LARGE or INVALID_REQUEST. */
export async function readBody(
  request: Request,
  operation: Operation,
  readAll: ReadAll,
): Promise<RequestBody> {
  if (operation.body === undefined) return { kind: 'none' };
  const encoding = request.headers.get('content-encoding') ?? 'identity';
  const type = mediaType(request);
  const isRaw = operation.rawBody === true && type === RAW_MEDIA_TYPE;
  if (encoding !== 'identity') {
    throw new StratalogError(
      'UNSUPPORTED_MEDIA_TYPE',
      `content-encoding ${encoding.slice(0, 40)} is not taken; compress record batches instead`,
    );
  }
  const charset = isRaw ? undefined : charsetOf(request);
  if (charset !== undefined && !/^(utf-?8|us-ascii)$/.test(charset)) {
    throw new StratalogError(
      'UNSUPPORTED_MEDIA_TYPE',
      `charset "${charset.slice(0, 40)}" is not taken; JSON is UTF-8: encode the body so, and leave the charset out`,
    );
  }
  if (!isRaw && type !== 'application/json') {
    const taken = operation.rawBody === true ? ` or ${RAW_MEDIA_TYPE}` : '';
    throw new StratalogError(
      'UNSUPPORTED_MEDIA_TYPE',
      `content-type "${type.slice(0, 80)}" is not taken; send application/json${taken}`,
    );
  }
  const bytes = await readBytes(request, readAll);
  return isRaw ? { kind: 'raw', bytes } : { kind: 'json', value: parseJson(bytes) };
}

/** Whether the caller takes raw batches rather than JSON. Throws NOT_ACCEPTABLE when it takes neither. */
export function prefersRaw(request: Request, operation: Operation): boolean {
  const accept = request.headers.get('accept') ?? '*/*';
  const types = accept.split(',').flatMap((part) => {
    const [type = '', ...parameters] = part.toLowerCase().split(';');
    // q=0 says that this one is not taken.
    return parameters.some((one) => /^\s*q=0(\.0*)?\s*$/.test(one)) ? [] : [type.trim()];
  });
  const hasRaw = Object.values(operation.answers).some((answer) => answer.raw === true);
  if (hasRaw && types.includes(RAW_MEDIA_TYPE)) return true;
  const takesJson = types.some((type) =>
    ['', '*/*', 'application/*', 'application/json'].includes(type),
  );
  if (takesJson) return false;
  throw new StratalogError(
    'NOT_ACCEPTABLE',
    `nothing of "${accept.slice(0, 80)}" can be given; accept application/json${hasRaw ? ` or ${RAW_MEDIA_TYPE}` : ''}`,
  );
}
