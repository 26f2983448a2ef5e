// The local home's HTTP server: listening, closing, and answers to what is no request (Node would answer those itself,
// without a body and without a request id).

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { problem } from '../api/problem.ts';
import { required } from '../assert.ts';

const CLOSE_CHECK_MS = 10;

export interface HttpServer {
  readonly port: number;
  /** Finishes the requests under way, then closes what clients keep open for later. */
  close(): Promise<void>;
}

/** Rejects when it can't listen there (`EADDRINUSE` and such). */
export async function listen(
  app: Hono,
  at: { readonly host: string; readonly port: number },
): Promise<HttpServer> {
  const server = createServer(
    getRequestListener(app.fetch, {
      overrideGlobalObjects: false,
      errorHandler: () => asResponse('the path or the host header is none'),
    }),
  );
  const underWay = watchRequests(server);
  answerWhatIsNoRequest(server, underWay);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(at.port, at.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    port: (required(server.address() ?? undefined, 'address') as AddressInfo).port,
    close: () => close(server, underWay),
  };
}

/** Node itself would wait for connections that have never carried a request. */
async function close(server: Server, underWay: ReadonlySet<unknown>): Promise<void> {
  const closing = setInterval(() => {
    if (underWay.size === 0) server.closeAllConnections();
  }, CLOSE_CHECK_MS);
  try {
    await new Promise<void>((resolve, reject) => {
      server.close((error) => (error === undefined ? resolve() : reject(error)));
    });
  } finally {
    clearInterval(closing);
  }
}

/** The answers that a server has not finished yet. */
function watchRequests(server: Server): ReadonlySet<ServerResponse> {
  const underWay = new Set<ServerResponse>();
  server.on('request', (_request, response) => {
    underWay.add(response);
    response.once('close', () => underWay.delete(response));
  });
  return underWay;
}

function answerWhatIsNoRequest(server: Server, underWay: ReadonlySet<ServerResponse>): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // An answer that is still due must not be mistaken for this one.
    const isWaiting = [...underWay].some((response) => response.socket === socket);
    if (!socket.writable || isWaiting) {
      socket.destroy();
      return;
    }
    const { body, requestId } = refusal(REASONS[error.code ?? ''] ?? 'this is not HTTP/1.1');
    const head = [
      'HTTP/1.1 400 Bad Request',
      'connection: close',
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
      `x-request-id: ${requestId}`,
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  });
  server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    const { body, requestId } = refusal('the expect header can only be 100-continue');
    const headers = { connection: 'close', 'content-type': 'application/json' };
    response.writeHead(400, { ...headers, 'x-request-id': requestId }).end(body);
  });
}

const REASONS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: 'the headers are longer than 16 KiB',
  HPE_INVALID_METHOD: 'this is no method of HTTP/1.1',
  ERR_HTTP_REQUEST_TIMEOUT: 'the request took too long to arrive',
};

function refusal(message: string): { readonly body: string; readonly requestId: string } {
  const requestId = randomUUID();
  const { json } = problem({ code: 'INVALID_REQUEST', message });
  return { requestId, body: JSON.stringify({ ...(json as object), request_id: requestId }) };
}

function asResponse(message: string): Response {
  const { body, requestId } = refusal(message);
  const headers = { 'content-type': 'application/json', 'x-request-id': requestId };
  return new Response(body, { status: 400, headers });
}
