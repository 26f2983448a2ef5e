// Clients, topics and consumers for end-to-end tests over HTTP.

import {
  type Consumer,
  type ConsumerConfig,
  type ConsumerRunConfig,
  httpTransport,
  type Logger,
  type Message,
  Stratalog,
} from '../../lib/index.ts';
import type { LocalHome } from '../../lib/local/home.ts';

/** Keeps what a client says. */
export function keepingLogger(): Logger & { readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (message: string): void => {
    lines.push(message);
  };
  return { lines, debug: keep, info: keep, warn: keep, error: keep };
}

export function quickClient(endpoint: string, logger: Logger = keepingLogger()): Stratalog {
  return new Stratalog({ endpoint, logger, retry: { initialRetryTime: 5 } });
}

export async function createTopic(
  client: Stratalog,
  topic: string,
  numPartitions = 3,
): Promise<string> {
  await client.admin().createTopics({ topics: [{ topic, numPartitions }] });
  return topic;
}

export async function sendAll(
  client: Stratalog,
  topic: string,
  messages: readonly Message[],
): Promise<void> {
  const producer = client.producer({ linger: 0 });
  await producer.connect();
  await producer.send({ topic, messages });
  await producer.disconnect();
}

/** Values of consecutive numbers, with a key each. */
export function numbered(count: number, from = 0): Message[] {
  return Array.from({ length: count }, (_, index) => ({
    key: `key-${(from + index) % 17}`,
    value: String(from + index),
  }));
}

/** Outlives a machine that stands still for a while: nobody is put out of a group because a test was slow. */
export const SESSION_MS = 60_000;

/** Fast enough for tests: asks often, gives up soon. */
export const QUICK: Omit<ConsumerConfig, 'groupId'> = {
  heartbeatInterval: 100,
  sessionTimeout: SESSION_MS,
  maxWaitTimeInMs: 100,
  idleBackoff: 20,
  failurePolicy: { retry: { retries: 2, initialRetryTime: 10 } },
};

export interface Started {
  readonly consumer: Consumer;
  /** Values in the order in which they were handled. */
  readonly values: string[];
}

/** A consumer that keeps the values it handles, unless the run says otherwise. */
export async function startConsumer(
  client: Stratalog,
  topics: readonly (string | RegExp)[],
  options: { readonly config: ConsumerConfig; readonly run?: ConsumerRunConfig },
): Promise<Started> {
  const values: string[] = [];
  const consumer = client.consumer({ ...QUICK, ...options.config });
  await consumer.connect();
  await consumer.subscribe({ topics, fromBeginning: true });
  const keep: ConsumerRunConfig = {
    eachMessage: async ({ message }) => {
      values.push(String(message.value));
    },
  };
  await consumer.run({ ...(options.run?.eachBatch === undefined ? keep : {}), ...options.run });
  return { consumer, values };
}

/** As long as a test may take: what is waited for comes, however slow the machine is, or never. */
const WAIT_MS = 100_000;

export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  options: { readonly what?: string } = {},
): Promise<void> {
  const { what = 'the condition' } = options;
  const startedAt = performance.now();
  while (!(await condition())) {
    if (performance.now() - startedAt > WAIT_MS) {
      throw new Error(`${what} did not come true within ${WAIT_MS} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Until some question waits at the log: while it does, the log looks for records again and again. */
export async function untilSomebodyWaits(home: LocalHome): Promise<void> {
  const looks = (): number => home.storage.requests.read().get('readHeads') ?? 0;
  const before = looks();
  await waitUntil(() => looks() > before + 5, { what: 'waiting at the log' });
}

export interface Crashable {
  readonly client: Stratalog;
  /** From now on nothing of it reaches the log: what the log sees when a process is killed. */
  crash(): void;
}

export function crashableClient(endpoint: string): Crashable {
  const transport = httpTransport({ endpoint });
  let crashed = false;
  return {
    crash: () => {
      crashed = true;
    },
    client: new Stratalog({
      logger: keepingLogger(),
      retry: { initialRetryTime: 5 },
      transport: {
        ...transport,
        async send(request) {
          if (crashed) throw new Error('this process is dead');
          const response = await transport.send(request);
          if (crashed) throw new Error('this process is dead');
          return response;
        },
      },
    }),
  };
}

/** A storage's clock that a test moves on, so that sessions run out when it says so, and not because nothing ran. */
export class MovedClock {
  readonly nowMs = (): number => Date.now() + this.#aheadMs;
  #aheadMs = 0;

  /**
   * Lets so much time pass for whoever is silent: in steps much shorter than SESSION_MS, and between two of them each of
   * `living` is heard of again.
   */
  async pass(durationMs: number, living: readonly Consumer[]): Promise<void> {
    for (let leftMs = durationMs; leftMs > 0; leftMs -= STEP_MS) {
      this.#aheadMs += Math.min(STEP_MS, leftMs);
      await Promise.all(living.map(nextHeartbeat));
    }
  }
}

const STEP_MS = 15_000;

async function nextHeartbeat(consumer: Consumer): Promise<void> {
  await new Promise<void>((resolve) => {
    const remove = consumer.on(consumer.events.HEARTBEAT, () => {
      remove();
      resolve();
    });
  });
}

/** The partitions of `topic` that a consumer owns. */
export function ownedOf(consumer: Consumer, topic: string): number[] {
  return consumer.assignment().find((one) => one.topic === topic)?.partitions ?? [];
}
