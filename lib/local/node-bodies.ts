// Bodies straight from and to Node's own streams: each request's body is copied once, an answer's bytes not at all. The
// platform's Request and Response copy each several times, which costs more than all that the log does with them.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { BodyShortcuts } from '../api/app.ts';
import { StratalogError } from '../errors.ts';

/** What @hono/node-server gives with each request. */
interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

export const nodeBodies: BodyShortcuts = {
  read(environment, { lengthBytes, bytesMax }) {
    const { incoming } = environment as Exchange;
    return lengthBytes === undefined
      ? readUpTo(incoming, bytesMax)
      : readExactly(incoming, lengthBytes);
  },
  send(environment, { status, headers, chunks }) {
    const { outgoing } = environment as Exchange;
    const lengthBytes = chunks.reduce((bytes, chunk) => bytes + chunk.length, 0);
    outgoing.writeHead(status, { ...headers, 'content-length': lengthBytes });
    for (const chunk of chunks) outgoing.write(chunk);
    outgoing.end();
    return RESPONSE_ALREADY_SENT;
  },
};

/** HTTP sees to it that a body is as long as its content-length says; fewer bytes mean that the client has gone. */
async function readExactly(incoming: IncomingMessage, lengthBytes: number): Promise<Uint8Array> {
  const body = Buffer.allocUnsafeSlow(lengthBytes);
  let atBytes = 0;
  await readChunks(incoming, (chunk) => {
    atBytes += chunk.copy(body, atBytes);
    return true;
  });
  return body;
}

/** A chunked body; undefined as soon as it is longer. */
async function readUpTo(
  incoming: IncomingMessage,
  bytesMax: number,
): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  const isWhole = await readChunks(incoming, (chunk) => {
    byteCount += chunk.length;
    if (byteCount > bytesMax) return false;
    chunks.push(chunk);
    return true;
  });
  return isWhole ? Buffer.concat(chunks, byteCount) : undefined;
}

/** False when `take` wants no more. */
function readChunks(incoming: IncomingMessage, take: (chunk: Buffer) => boolean): Promise<boolean> {
  return new Promise((resolve, reject) => {
    incoming.on('data', (chunk: Buffer) => {
      if (take(chunk)) return;
      incoming.pause();
      incoming.removeAllListeners('data');
      resolve(false);
    });
    const giveUp = (): void =>
      reject(
        new StratalogError('INVALID_REQUEST', 'the client went away before its body was whole'),
      );
    incoming.once('error', giveUp);
    incoming.once('close', giveUp);
    incoming.once('end', () => {
      // Every request closes in the end, and an error that nobody hears of takes as long to make as any.
      incoming.off('close', giveUp);
      resolve(true);
    });
  });
}
