// Spans through a small implementation of OpenTelemetry's API: contexts by AsyncLocalStorage, one header as carrier.

import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InstrumentationEvent, type OpenTelemetryApi, Stratalog } from '../../lib/index.ts';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import {
  createTopic,
  keepingLogger,
  sendAll,
  startConsumer,
  waitUntil,
} from '../support/client.ts';

interface FakeSpan {
  readonly id: string;
  readonly name: string;
  readonly kind: number;
  readonly parentId: string | undefined;
  readonly attributes: Readonly<Record<string, string | number>>;
  failure: string | undefined;
  hasEnded: boolean;
}

/** A context is the id of its span. */
function tracing(): { readonly api: OpenTelemetryApi; readonly spans: FakeSpan[] } {
  const spans: FakeSpan[] = [];
  const storage = new AsyncLocalStorage<unknown>();
  const api: OpenTelemetryApi = {
    trace: {
      getTracer: () => ({
        startSpan(name, { kind, attributes }, context) {
          const span: FakeSpan = {
            id: `span-${spans.length}`,
            name,
            kind,
            attributes,
            parentId: context as string | undefined,
            failure: undefined,
            hasEnded: false,
          };
          spans.push(span);
          return Object.assign(span, {
            recordException: (error: Error) => {
              span.failure = error.message;
            },
            setStatus: () => undefined,
            end: () => {
              span.hasEnded = true;
            },
          });
        },
      }),
      setSpan: (_, span) => (span as unknown as FakeSpan).id,
    },
    context: {
      active: () => storage.getStore(),
      with: (context, work) => storage.run(context, work),
    },
    propagation: {
      inject: (context, carrier) => {
        carrier.traceparent = String(context);
      },
      extract: (context, carrier) => carrier.traceparent ?? context,
    },
  };
  return { api, spans };
}

let home: LocalHome;
beforeAll(async () => {
  home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
});
afterAll(() => home.close());

describe('OpenTelemetry', () => {
  it('joins a send, the handler of its message, and what that handler sends', async () => {
    const { api, spans } = tracing();
    const client = new Stratalog({
      endpoint: home.url,
      openTelemetry: api,
      logger: keepingLogger(),
    });
    const [orders, mails] = [
      await createTopic(client, 'orders', 1),
      await createTopic(client, 'mails', 1),
    ];
    let tries = 0;
    const { consumer } = await startConsumer(client, [orders], {
      config: { groupId: 'mailer' },
      run: {
        eachMessage: async () => {
          tries += 1;
          if (tries === 1) throw new Error('not yet');
          await sendAll(client, mails, [{ value: 'thank you' }]);
        },
      },
    });
    await sendAll(client, orders, [{ key: 'a', value: 'placed', headers: { own: 'kept' } }]);
    await waitUntil(() => tries === 2);
    await consumer.disconnect();
    const [sent, failed, handled, answered] = spans;
    expect(sent).toMatchObject({ name: 'send orders', kind: 3, parentId: undefined });
    expect(failed).toMatchObject({
      name: 'process orders',
      kind: 4,
      parentId: sent?.id,
      failure: 'not yet',
    });
    expect(handled).toMatchObject({
      name: 'process orders',
      parentId: sent?.id,
      failure: undefined,
      attributes: { 'messaging.consumer.group.name': 'mailer', 'messaging.kafka.offset': 0 },
    });
    expect(answered).toMatchObject({ name: 'send mails', parentId: handled?.id });
    expect(spans.every(({ hasEnded }) => hasEnded)).toBe(true);
    for await (const { messages } of client.read({ topic: orders })) {
      expect(messages[0]?.headers).toMatchObject({ own: Buffer.from('kept') });
    }
  });
});

describe('diagnostics_channel', () => {
  it('carries the events of every client of the process', async () => {
    const heard: unknown[] = [];
    const listen = (event: unknown): void => {
      heard.push((event as InstrumentationEvent<{ path: string }>).payload.path);
    };
    const requests = channel('stratalog:admin.network.request');
    requests.subscribe(listen);
    await new Stratalog({ endpoint: home.url }).admin().listTopics();
    requests.unsubscribe(listen);
    await new Stratalog({ endpoint: home.url }).admin().listTopics();
    expect(heard).toEqual(['/topics']);
  });
});
