// A deployed API at an address of this machine: signs what it passes on, and sets the Host header by which an emulator
// tells its APIs apart, for programs that can do neither.

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CloudFacts } from './cloud.ts';
import { type ApiRequest, signedEndpoint } from './endpoint.ts';

const PASSED_ON = ['accept', 'content-type', 'x-client-id'];

export interface SigningProxy {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startSigningProxy(cloud: CloudFacts, apiUrl: string): Promise<SigningProxy> {
  const endpoint = signedEndpoint(cloud, apiUrl);
  const server = createServer((incoming, outgoing) => {
    requestOf(incoming)
      .then(endpoint)
      .then(({ status, headers, body }) => {
        outgoing.writeHead(status, {
          'content-type': headers.get('content-type') ?? 'application/json',
        });
        outgoing.end(body);
      })
      // Whatever it was: to the client the connection broke.
      .catch(() => outgoing.destroy());
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

async function requestOf(incoming: IncomingMessage): Promise<ApiRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const headers = PASSED_ON.flatMap((name) => {
    const value = incoming.headers[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  return {
    method: (incoming.method ?? 'GET') as ApiRequest['method'],
    path: incoming.url ?? '/',
    headers: Object.fromEntries(headers),
    body: Buffer.concat(chunks),
  };
}
