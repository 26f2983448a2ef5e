// `npm run demo`: streams 20,000 real flights through the HTTP API into a topic of six partitions, reads them all back,
// and proves that each is there exactly once and in the order of its airport.
//
//   npm run demo                          its own local home, in a temporary directory
//   npm run demo -- --endpoint http://…   a log that runs already

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { httpTransport, Stratalog, type Transport } from '../lib/index.ts';
import { startLocalHome } from '../lib/local/home.ts';

interface Flight {
  /** `2001/01/01 00:47` */
  readonly date: string;
  readonly delay: number;
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

/** The flights of each airport, as JSON, in their order. */
type ByOrigin = ReadonlyMap<string, readonly string[]>;

const PARTITION_COUNT = 6;
const BAR_WIDTH = 40;

async function loadFlights(): Promise<readonly Flight[]> {
  const library = dirname(createRequire(import.meta.url).resolve('vega-datasets'));
  const path = join(library, '../data/flights-20k.json');
  return JSON.parse(await readFile(path, 'utf8')) as readonly Flight[];
}

function departureMs({ date }: Flight): number {
  return Date.parse(`${date.replaceAll('/', '-').replace(' ', 'T')}Z`);
}

async function sendAll(
  client: Stratalog,
  topic: string,
  flights: readonly Flight[],
): Promise<void> {
  const progress = new Progress('sending', flights.length);
  const producer = client.producer();
  await producer.connect();
  await Promise.all(
    flights.map(async (flight) => {
      const message = {
        key: flight.origin,
        value: JSON.stringify(flight),
        timestamp: departureMs(flight),
      };
      await producer.send({ topic, messages: [message] });
      progress.step(1);
    }),
  );
  await producer.disconnect();
}

async function readAll(client: Stratalog, topic: string, count: number): Promise<ByOrigin> {
  const progress = new Progress('reading', count);
  const byOrigin = new Map<string, string[]>();
  for await (const { messages } of client.read({ topic })) {
    for (const { key, value } of messages) {
      const origin = String(key);
      const read = byOrigin.get(origin) ?? [];
      byOrigin.set(origin, read);
      read.push(String(value));
    }
    progress.step(messages.length);
  }
  return byOrigin;
}

/** Every flight once, and those of an airport in their order: the two lists of each airport are the same. */
function prove(flights: readonly Flight[], read: ByOrigin): void {
  const sent = Map.groupBy(flights, ({ origin }) => origin);
  assert.equal(read.size, sent.size, 'as many airports were read as were sent');
  for (const [origin, ones] of sent) {
    const expected = ones.map((flight) => JSON.stringify(flight));
    assert.deepEqual(read.get(origin), expected, `the flights from ${origin}`);
  }
  say(
    `proved: all ${flights.length} records are there exactly once, in order for each of ${sent.size} airports`,
  );
}

/** A bar on a terminal, a line each quarter elsewhere. */
class Progress {
  readonly #label: string;
  readonly #total: number;
  #done = 0;
  #drawn = -1;

  constructor(label: string, total: number) {
    this.#label = label;
    this.#total = total;
  }

  step(count: number): void {
    this.#done += count;
    const steps = process.stdout.isTTY ? BAR_WIDTH : 4;
    const reached = Math.floor((this.#done / this.#total) * steps);
    if (reached === this.#drawn) return;
    this.#drawn = reached;
    const percent = `${Math.floor((this.#done / this.#total) * 100)} %`;
    if (!process.stdout.isTTY) {
      say(`${this.#label} ${percent}`);
      return;
    }
    const bar = '█'.repeat(reached).padEnd(BAR_WIDTH, '░');
    const isLast = this.#done === this.#total;
    process.stdout.write(`\r${this.#label} ${bar} ${percent}${isLast ? '\n' : ''}`);
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

interface Tally {
  requests: number;
  bytes: number;
}

/** Counts what goes over the wire, both ways. */
function counted(transport: Transport, tally: Tally): Transport {
  return {
    ...transport,
    async send(request) {
      tally.requests += 1;
      const response = await transport.send(request);
      tally.bytes += (request.body?.length ?? 0) + response.body.length;
      return response;
    },
  };
}

async function timed<Result>(
  what: string,
  tally: Tally,
  work: () => Promise<Result>,
): Promise<Result> {
  tally.requests = 0;
  tally.bytes = 0;
  const startedAt = performance.now();
  const result = await work();
  const seconds = (performance.now() - startedAt) / 1_000;
  const mib = tally.bytes / 1_048_576;
  say(
    `${what} in ${seconds.toFixed(2)} s: ${mib.toFixed(1)} MiB, ${(mib / seconds).toFixed(1)} MiB/s, ${tally.requests} HTTP requests`,
  );
  return result;
}

async function demonstrate(url: string): Promise<void> {
  const tally: Tally = { requests: 0, bytes: 0 };
  const client = new Stratalog({ transport: counted(httpTransport({ endpoint: url }), tally) });
  const topic = `flights-${Date.now().toString(36)}`;
  // The flights are of 2001: by the default retention of seven days they would be gone at once.
  const configEntries = [{ name: 'retention.ms', value: '-1' }];
  const wanted = { topic, numPartitions: PARTITION_COUNT, configEntries };
  await client.admin().createTopics({ topics: [wanted] });
  say(`topic ${topic}, ${PARTITION_COUNT} partitions, at ${url}`);
  const flights = await loadFlights();
  const count = flights.length;
  await timed(`sent ${count} records`, tally, () => sendAll(client, topic, flights));
  const read = await timed(`read ${count} records`, tally, () => readAll(client, topic, count));
  prove(flights, read);
}

const { values } = parseArgs({ options: { endpoint: { type: 'string' } } });
if (values.endpoint !== undefined) {
  await demonstrate(values.endpoint);
} else {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'stratalog-demo-'));
  const home = await startLocalHome({ port: 0, dataDirectory });
  try {
    await demonstrate(home.url);
  } finally {
    await home.close();
    await rm(dataDirectory, { recursive: true });
  }
}
