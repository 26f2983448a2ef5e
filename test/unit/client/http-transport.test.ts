import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { httpTransport } from '../../../lib/client/transports/http.ts';
import { selfSigned } from '../../support/self-signed.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function listen(server: Server): Promise<string> {
  servers.push(server);
  // By default a server leaves after five seconds, which a machine may stand still for.
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function serve(answer: Answer): Promise<string> {
  return `http://${await listen(createServer(answer))}`;
}

/** One for all servers, trusted before anybody connects: what is trusted is looked up once and kept. */
const certificate = selfSigned();
setDefaultCACertificates([...getCACertificates('default'), certificate.cert]);

async function serveSecurely(answer: Answer): Promise<string> {
  return `https://${await listen(createSecureServer(certificate, answer))}`;
}

function ask(signal: AbortSignal = new AbortController().signal) {
  return {
    method: 'POST',
    path: '/a?b=c',
    headers: { one: '1' },
    body: Buffer.from('x'),
    signal,
  } as const;
}

describe.each([
  ['by Node’s own client', {}],
  ['by fetch', { fetch }],
])('httpTransport %s', (_, options) => {
  it('sends method, path, headers and body, and gives back status, headers and body', async () => {
    const endpoint = await serve((request, response) => {
      request.on('data', (chunk) => {
        response.writeHead(207, { 'x-one': 'yes' });
        response.write(`${request.method} ${request.url} ${request.headers.one} `);
        response.end(chunk);
      });
    });
    const transport = httpTransport({ endpoint: `${endpoint}/`, token: () => 'jwt', ...options });
    const answer = await transport.send(ask());
    expect([answer.status, answer.headers.get('X-One'), answer.headers.get('x-two')]).toEqual([
      207,
      'yes',
      null,
    ]);
    expect(answer.body.toString()).toBe('POST /a?b=c 1 x');
    await transport.close();
  });

  it('keeps its connection', async () => {
    const ports = new Set<number | undefined>();
    const endpoint = await serve((request, response) => {
      ports.add(request.socket.remotePort);
      response.end('ok');
    });
    const transport = httpTransport({ endpoint, ...options });
    for (let count = 0; count < 5; count += 1) await transport.send(ask());
    // A connection may need a moment before it can be used again.
    expect(ports.size).toBeLessThanOrEqual(2);
    await transport.close();
  });

  it.each([
    ['HTTP', serve],
    ['HTTPS', serveSecurely],
  ])(
    'puts answers of any size together by %s, several at once on kept connections',
    async (__, how) => {
      const endpoint = await how((request, response) => {
        const [, size, kind] = request.url?.split('/') ?? [];
        const body = randomBytes(Number(size));
        response.setHeader('x-hash', createHash('sha256').update(body).digest('hex'));
        if (kind === 'known') response.setHeader('content-length', body.length);
        else response.flushHeaders();
        for (let at = 0; at < body.length; at += 70_001)
          response.write(body.subarray(at, at + 70_001));
        response.end();
      });
      const transport = httpTransport({ endpoint, ...options });
      const sizes = [0, 1, 65_535, 131_072, 1_300_000];
      const paths = sizes.flatMap((size) => [`/${size}/known`, `/${size}/chunked`]);
      for (let round = 0; round < 2; round += 1) {
        const answers = await Promise.all(paths.map((path) => transport.send({ ...ask(), path })));
        const hashes = answers.map(({ body }) => createHash('sha256').update(body).digest('hex'));
        expect(hashes).toEqual(answers.map(({ headers }) => headers.get('x-hash')));
        expect(answers.map(({ body }) => body.length)).toEqual(
          sizes.flatMap((size) => [size, size]),
        );
      }
      await transport.close();
    },
  );

  it('says that the connection broke when an answer is cut off', async () => {
    const endpoint = await serve((request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('half', () => request.socket.destroy());
    });
    const transport = httpTransport({ endpoint, ...options });
    await expect(transport.send(ask())).rejects.toMatchObject({
      name: 'StratalogConnectionError',
      reason: 'broken',
    });
    await transport.close();
  });

  it('says that it took too long, and tells that from being called off', async () => {
    const endpoint = await serve(() => undefined);
    const transport = httpTransport({ endpoint, ...options });
    await expect(transport.send(ask(AbortSignal.timeout(20)))).rejects.toMatchObject({
      name: 'StratalogConnectionError',
      reason: 'timeout',
    });
    const calledOff = new AbortController();
    const sent = transport.send(ask(calledOff.signal));
    calledOff.abort();
    await expect(sent).rejects.toMatchObject({ name: 'AbortError' });
    await transport.close();
  });

  it('says that nobody is there', async () => {
    const endpoint = await serve(() => undefined);
    for (const server of servers.splice(0)) server.close();
    const transport = httpTransport({ endpoint, ...options });
    await expect(transport.send(ask())).rejects.toMatchObject({ reason: 'refused' });
    await transport.close();
  });
});
