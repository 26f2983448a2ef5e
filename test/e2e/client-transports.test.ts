// The same program over every way to the log.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { handle, type LambdaContext, type LambdaEvent } from 'hono/aws-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../lib/api/app.ts';
import { allRoutes } from '../../lib/api/routes/all.ts';
import { appTransport } from '../../lib/client/transports/direct.ts';
import { lambdaTransport, verbOf } from '../../lib/client/transports/lambda.ts';
import { sigv4Transport } from '../../lib/client/transports/sigv4.ts';
import { httpTransport, Stratalog, type Transport } from '../../lib/index.ts';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import { decodeLateAppend, type LateAppendEvent } from '../../lib/storage/aws/invoker.ts';
import {
  createTopic,
  keepingLogger,
  numbered,
  sendAll,
  startConsumer,
  waitUntil,
} from '../support/client.ts';

let home: LocalHome;
let lambda: Server;
const invoked: { verb: string; type: string }[] = [];

/** Lambda's own HTTP API over the application of a local home, a function a verb. */
function startLambda(): Promise<Server> {
  const run = handle(createApp(allRoutes, home.services));
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const event = JSON.parse(Buffer.concat(chunks).toString()) as LambdaEvent | LateAppendEvent;
    const verb = /functions\/log-([\w-]+)\/invocations/.exec(request.url ?? '')?.[1] ?? '';
    const type = String(request.headers['x-amz-invocation-type']);
    invoked.push({ verb, type });
    if ('kind' in event && event.kind === 'late-append') {
      response.writeHead(202).end();
      await home.services.append.append(decodeLateAppend(event));
      return;
    }
    const result = await run(event as LambdaEvent, {} as LambdaContext);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result));
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

const TRANSPORTS: Record<string, () => Transport> = {
  http: () => httpTransport({ endpoint: home.url }),
  'http with a token': () =>
    httpTransport({ endpoint: `${home.url}/v3/clusters/-`, token: async () => 'jwt' }),
  sigv4: () =>
    sigv4Transport({
      endpoint: home.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c' },
    }),
  lambda: () =>
    lambdaTransport({
      functions: (verb) => `log-${verb}`,
      client: new LambdaClient({
        region: 'us-east-1',
        endpoint: `http://127.0.0.1:${(lambda.address() as AddressInfo).port}`,
        credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      }),
    }),
  direct: () =>
    appTransport(createApp(allRoutes, home.services), async () => {
      // The home closes its own storage.
    }),
};

beforeAll(async () => {
  home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
  lambda = await startLambda();
});

afterAll(async () => {
  lambda.close();
  await home.close();
});

describe.each(Object.keys(TRANSPORTS))('over %s', (name) => {
  it('topics, producers of every acks, readers and groups work', async () => {
    const transport = TRANSPORTS[name]!();
    const client = new Stratalog({ transport, logger: keepingLogger() });
    const topic = await createTopic(client, `over-${name.replaceAll(' ', '-')}`, 2);
    await sendAll(client, topic, numbered(50));
    const producer = client.producer({ linger: 0 });
    await producer.connect();
    await producer.send({ topic, acks: 0, messages: [{ value: '50' }] });
    await producer.disconnect();
    const { consumer, values } = await startConsumer(client, [topic], {
      config: { groupId: topic },
    });
    await waitUntil(() => values.length === 51);
    await consumer.disconnect();
    expect(values.map(Number).sort((left, right) => left - right)).toEqual(
      Array.from({ length: 51 }, (_, index) => index),
    );
    await expect(client.admin().fetchTopicOffsets('nowhere')).rejects.toMatchObject({
      type: 'UNKNOWN_TOPIC_OR_PARTITION',
    });
    await client.close();
  });

  it('a far backlog is read by reference, straight from where the bytes lie', async () => {
    const transport = TRANSPORTS[name]!();
    const paths: string[] = [];
    const counted: Transport = {
      ...transport,
      get: async (url, headers, signal) => {
        paths.push(url);
        return transport.get!(url, headers, signal);
      },
    };
    const client = new Stratalog({ transport: counted, logger: keepingLogger() });
    const topic = await createTopic(client, `far-${name.replaceAll(' ', '-')}`, 1);
    const value = Buffer.alloc(100_000, 'x');
    for (let round = 0; round < 10; round += 1) {
      await sendAll(
        client,
        topic,
        Array.from({ length: 8 }, () => ({ value })),
      );
    }
    const offsets: string[] = [];
    const { consumer } = await startConsumer(client, [topic], {
      config: { groupId: topic, fetchByReference: true },
      run: {
        eachMessage: async ({ message }) => {
          offsets.push(message.offset);
          expect(message.value?.length).toBe(100_000);
        },
      },
    });
    await waitUntil(() => offsets.length >= 80);
    await consumer.disconnect();
    expect(offsets).toEqual(Array.from({ length: 80 }, (_, index) => String(index)));
    expect(paths.length).toBeGreaterThan(0);
    expect(paths.every((url) => url.includes('/objects/'))).toBe(true);
    await client.close();
  });
});

describe('the lambda transport', () => {
  it('knows which function serves which operation', () => {
    for (const { operation } of allRoutes) {
      const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, parameter: string) =>
        parameter === 'partition_id' ? '0' : 'some-name',
      );
      const asked = `${operation.method.toUpperCase()} ${path}`;
      expect([asked, verbOf(operation.method.toUpperCase(), path)]).toEqual([
        asked,
        operation.function,
      ]);
    }
  });

  it('hands acks=0 over as an event, and waits for the answer of everything else', () => {
    const types = new Set(invoked.map(({ verb, type }) => `${verb} ${type}`));
    expect(types).toContain('produce Event');
    expect(types).toContain('produce RequestResponse');
    expect([...types].filter((type) => type.endsWith('Event'))).toEqual(['produce Event']);
  });
});
