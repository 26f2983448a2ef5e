// Answers that are none of the log's: a proxy's page of HTML, an empty body, half of JSON. They are taken for what they
// are, a connection that broke, so that a program hears what is wrong, and goes on where it passes.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  httpTransport,
  Stratalog,
  StratalogConnectionError,
  type Transport,
  type TransportResponse,
} from '../../lib/index.ts';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import {
  createTopic,
  keepingLogger,
  QUICK,
  quickClient,
  sendAll,
  waitUntil,
} from '../support/client.ts';

let home: LocalHome;

beforeAll(async () => {
  home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
});
afterAll(() => home.close());

const BODIES = ['<h1>Welcome</h1>', '', 'null', '{"data":['];

interface Strange {
  readonly transport: Transport;
  /** What is answered instead of the log; undefined: the log's own. */
  body: string | undefined;
}

function strange(): Strange {
  const transport = httpTransport({ endpoint: home.url });
  const state: Strange = {
    body: undefined,
    transport: {
      ...transport,
      async send(request): Promise<TransportResponse> {
        if (state.body === undefined) return await transport.send(request);
        const headers = new Headers({ 'content-type': 'text/html' });
        return { status: 200, headers, body: Buffer.from(state.body) };
      },
    },
  };
  return state;
}

describe.each(BODIES)('where %j is answered', (body) => {
  it('calls fail in words, after their tries', async () => {
    const state = strange();
    state.body = body;
    const client = new Stratalog({
      transport: state.transport,
      retry: { retries: 1, initialRetryTime: 1 },
    });
    const producer = client.producer({ linger: 0 });
    await producer.connect();
    const calls = await Promise.allSettled([
      client.admin().listTopics(),
      producer.send({ topic: 'any', messages: [{ value: 'v' }] }),
    ]);
    for (const call of calls) {
      const { reason } = call as PromiseRejectedResult;
      expect(reason).toBeInstanceOf(StratalogConnectionError);
      expect(reason.message).toContain("the answer is none of a Stratalog log's");
    }
  });

  it('a consumer goes on when it is over', async () => {
    const state = strange();
    const calm = quickClient(home.url);
    const topic = await createTopic(calm, `strange-${BODIES.indexOf(body)}`, 1);
    const logger = keepingLogger();
    const client = new Stratalog({ transport: state.transport, logger });
    const consumer = client.consumer({ ...QUICK, groupId: topic });
    const values: string[] = [];
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => void values.push(String(message.value)),
    });
    await sendAll(calm, topic, [{ value: 'before' }]);
    await waitUntil(() => values.length === 1);
    state.body = body;
    await waitUntil(() => logger.lines.some((line) => line.includes('none of a Stratalog')));
    await sendAll(calm, topic, [{ value: 'after' }]);
    state.body = undefined;
    await waitUntil(() => values.length === 2);
    expect(values).toEqual(['before', 'after']);
    await consumer.disconnect();
  });
});
