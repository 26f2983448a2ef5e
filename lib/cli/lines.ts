// The lines of a stream, byte for byte: what isn't UTF-8 stays as it is, and only a line feed ends a line (Node's own
// reader also takes a lone carriage return, U+2028 and U+2029, which JSON text may hold).

import type { Readable } from 'node:stream';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Without their ends, be they of Unix or Windows; ends early and quietly when the stream is destroyed without an error. */
export async function* linesOf(input: Readable): AsyncGenerator<Buffer, void, undefined> {
  let begun: Buffer[] = [];
  try {
    for await (const chunk of input as AsyncIterable<Buffer>) {
      let start = 0;
      for (;;) {
        const end = chunk.indexOf(LINE_FEED, start);
        if (end < 0) break;
        const last = chunk.subarray(start, end);
        yield withoutReturn(begun.length === 0 ? last : Buffer.concat([...begun, last]));
        begun = [];
        start = end + 1;
      }
      if (start < chunk.length) begun.push(chunk.subarray(start));
    }
  } catch (error) {
    const isDestroyed = (error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE';
    if (!isDestroyed) throw error;
    return;
  }
  if (begun.length > 0) yield withoutReturn(Buffer.concat(begun));
}

function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
}
