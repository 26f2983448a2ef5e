// How often a batch goes more than once, where nothing fails and storage is as slow as AWS's: a producer that sent two
// batches of a partition at once would have them overtake each other, and be refused.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpTransport, Stratalog } from '../../lib/index.ts';
import { createTopic, keepingLogger, quickClient } from '../support/client.ts';
import { type LateHome, startLateHome } from '../support/late-home.ts';

const PRODUCERS = 8;
const SENDS_PER_PRODUCER = 125;
const SENDS_IN_FLIGHT = 5;
const PARTITIONS = 6;
const RETRIES_PER_THOUSAND_MAX = 20;

let home: LateHome;

beforeAll(async () => {
  home = await startLateHome(1);
});

afterAll(async () => {
  await home.close();
});

interface Answers {
  batches: number;
  refusals: number;
}

/** Counts what the log stores, and what it refuses, of whole requests and of single partitions. */
function countingClient(answers: Answers): Stratalog {
  const transport = httpTransport({ endpoint: home.url });
  return new Stratalog({
    logger: keepingLogger(),
    transport: {
      ...transport,
      async send(request) {
        const answer = await transport.send(request);
        if (!request.path.startsWith('/records')) return answer;
        const { successes = [], failures = [] } = JSON.parse(answer.body.toString());
        answers.batches += successes.length;
        answers.refusals += answer.status < 300 ? failures.length : Math.max(1, failures.length);
        return answer;
      },
    },
  });
}

async function runProducer(client: Stratalog, topic: string): Promise<number> {
  const producer = client.producer({ linger: 0, maxInFlightRequests: SENDS_IN_FLIGHT });
  await producer.connect();
  let next = 0;
  const lane = async (): Promise<void> => {
    for (; next < SENDS_PER_PRODUCER; ) {
      const partition = next % PARTITIONS;
      next += 1;
      await producer.send({ topic, messages: [{ partition, value: 'x' }] });
    }
  };
  await Promise.all(Array.from({ length: SENDS_IN_FLIGHT }, lane));
  await producer.disconnect();
  return next;
}

describe('idempotent producers with five sends in flight', () => {
  it('send at most 20 of 1,000 batches again, and storage is asked as seldom again', async () => {
    const topic = await createTopic(quickClient(home.url), 'retries', PARTITIONS);
    const answers: Answers = { batches: 0, refusals: 0 };
    home.take();
    const counts = await Promise.all(
      Array.from({ length: PRODUCERS }, () => runProducer(countingClient(answers), topic)),
    );
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(PRODUCERS * SENDS_PER_PRODUCER);
    const appends = home.take().filter(({ method }) => method === 'appendToHead').length;
    const { batches, refusals } = answers;
    const bound = (RETRIES_PER_THOUSAND_MAX * batches) / 1_000;
    expect(batches).toBeGreaterThan(900);
    expect(appends - batches).toBeLessThanOrEqual(bound);
    expect(refusals).toBeLessThanOrEqual(bound);
  });
});
