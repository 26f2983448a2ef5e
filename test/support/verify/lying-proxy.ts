// A log that breaks promises: stands before a good one and, now and then, does what a log must never do.

import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

export type Lie =
  /** A request to append is carried out twice. */
  | 'appends-twice'
  /** A commit is answered as done, and isn't done. */
  | 'forgets-commits'
  /** An offset that is committed is the one before. */
  | 'commits-less';

/**
 * One in so many of the calls that a lie is about is a lie. Most appends carry numbers, by which the second is known for a
 * repetition, and a later commit mends an earlier one: so all of them.
 */
const EVERY: Readonly<Record<Lie, number>> = {
  'appends-twice': 1,
  'forgets-commits': 2,
  'commits-less': 1,
};

export interface LyingProxy {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startLyingProxy(target: string, lie: Lie): Promise<LyingProxy> {
  let count = 0;
  const server = createServer((incoming, outgoing) => {
    void collect(incoming).then(async (body) => {
      const isDue = isAbout(lie, incoming) && ++count % EVERY[lie] === 0;
      await answer({ target, incoming, outgoing, body }, isDue ? lie : undefined);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function isAbout(lie: Lie, { method, url = '' }: IncomingMessage): boolean {
  const [path = ''] = url.split('?');
  if (method !== 'POST') return false;
  switch (lie) {
    case 'appends-twice':
      return path === '/records';
    case 'forgets-commits':
      return path.startsWith('/transactions/') && path.endsWith('/commit');
    case 'commits-less':
      return path.startsWith('/consumer-groups/') && path.endsWith('/offsets');
  }
}

interface Exchange {
  readonly target: string;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly body: Buffer;
}

async function answer(exchange: Exchange, lie: Lie | undefined): Promise<void> {
  const { outgoing, body } = exchange;
  if (lie === 'forgets-commits') {
    outgoing.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    return;
  }
  if (lie === 'appends-twice') await forward(exchange, body);
  const sent = lie === 'commits-less' ? withLesserOffsets(body) : body;
  const { status, type, bytes } = await forward(exchange, sent);
  outgoing.writeHead(status, { 'content-type': type }).end(bytes);
}

function withLesserOffsets(body: Buffer): Buffer {
  const request = JSON.parse(body.toString());
  for (const one of request.offsets) one.offset = Math.max(0, one.offset - 1);
  return Buffer.from(JSON.stringify(request));
}

async function forward({ target, incoming }: Exchange, body: Buffer) {
  const { method, url = '/', headers } = incoming;
  return await new Promise<{ status: number; type: string; bytes: Buffer }>((resolve, reject) => {
    const sent = httpRequest(
      new URL(url, target),
      { method, headers: { ...headers, 'content-length': body.length } },
      (response) => {
        void collect(response).then((bytes) =>
          resolve({
            status: response.statusCode ?? 502,
            type: response.headers['content-type'] ?? 'application/json',
            bytes,
          }),
        );
      },
    );
    sent.once('error', reject);
    sent.end(body);
  });
}

async function collect(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
