// What idempotence costs an append, by how many producers are active on a partition in turn: write units and requests
// against dynoxide (heads as DynamoDB stores them), and CPU over the local adapter in memory. `plain` is a producer
// without a number. `npm run bench:producers`; needs nothing but npm.

import { createServices, type ServicePorts } from '../lib/service/services.ts';
import { createPartitionStore } from '../lib/storage/aws/partition-store.ts';
import { countRequests } from '../lib/storage/aws/request-counter.ts';
import { createSegmentStore } from '../lib/storage/aws/segment-store.ts';
import { createTopicStore } from '../lib/storage/aws/topic-store.ts';
import { createLocalStorage } from '../lib/storage/local/local-storage.ts';
import { clientsOf, createTables, tableNames } from '../test/support/emulators/aws-server.ts';
import { startDynoxide } from '../test/support/emulators/dynoxide.ts';
import { appendTo, batchOf } from '../test/support/test-log.ts';
import { report } from './support/report.ts';

const COUNTS = [0, 1, 10, 16, 32, 100];
const ROUNDS = 10;
const CPU_APPENDS = 4_000;
/** Ids as a log has them that is in use for a while. */
const FIRST_ID = 500_000;

const around = {
  clock: { nowMs: () => Date.now(), sleep: () => Promise.resolve() },
  random: { randomBytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)) },
  invoker: { appendLater: () => Promise.resolve() },
};

/** Sends as many batches as asked, of `producers` in turn; 0: of a plain one. */
function senderOf(ports: ServicePorts, producers: number): (count: number) => Promise<void> {
  const services = createServices(ports);
  const sequences = new Map<number, number>();
  let sent = 0;
  return async (count) => {
    for (let index = 0; index < count; index += 1, sent += 1) {
      const producer = sent % Math.max(1, producers);
      const baseSequence = sequences.get(producer) ?? 0;
      sequences.set(producer, baseSequence + 1);
      const numbers = { producerId: BigInt(FIRST_ID + producer), producerEpoch: 0, baseSequence };
      const batch = batchOf(['x'.repeat(100)], producers === 0 ? {} : numbers);
      const [result] = await services.append.append(appendTo('bench', { 0: batch }));
      if (result?.kind !== 'appended') throw new Error(JSON.stringify(result));
    }
  };
}

async function cpuOf(producers: number): Promise<number> {
  const storage = createLocalStorage({ directory: ':memory:' });
  const ports = { ...storage, ...around };
  await createServices(ports).topics.create({ name: 'bench' });
  const send = senderOf(ports, producers);
  await send(500);
  const before = process.cpuUsage();
  await send(CPU_APPENDS);
  const { user, system } = process.cpuUsage(before);
  await storage.close();
  return Math.round((user + system) / CPU_APPENDS);
}

const server = await startDynoxide();
const clients = clientsOf({ dynamodb: server });
const counter = countRequests(clients);

async function unitsOf(producers: number): Promise<Record<string, number>> {
  const names = tableNames(`bench-${producers}`);
  await createTables(clients.dynamodb, names, ['topics', 'heads', 'index']);
  const ports = {
    topics: createTopicStore(clients.dynamodb, names.topics),
    partitions: createPartitionStore(clients.dynamodb, names),
    segments: createSegmentStore(clients.dynamodb, names.index),
    objects: createLocalStorage({ directory: ':memory:' }).objects,
    ...around,
  };
  await createServices(ports).topics.create({ name: 'bench' });
  const send = senderOf(ports, producers);
  const count = ROUNDS * Math.max(16, producers);
  await send(2 * Math.max(16, producers));
  counter.reset();
  await send(count);
  const counts = [...counter.read()];
  const total = (of: 'requests' | 'capacityUnits', which: RegExp): number =>
    counts.reduce((sum, [name, one]) => sum + (which.test(name) ? one[of] : 0), 0) / count;
  const refused = (counter.read().get('UpdateItem')?.failures ?? 0) / count;
  return {
    'write units': Number(total('capacityUnits', /Put|Update/).toFixed(2)),
    'refused writes': Number(refused.toFixed(2)),
    'read units': Number(total('capacityUnits', /Get|Query/).toFixed(2)),
    requests: Number(total('requests', /./).toFixed(2)),
  };
}

const rows: Record<string, string | number>[] = [];
for (const producers of COUNTS) {
  rows.push({
    producers: producers === 0 ? 'plain' : producers,
    ...(await unitsOf(producers)),
    'CPU µs': await cpuOf(producers),
  });
}
report('producers', rows);
clients.dynamodb.destroy();
clients.s3.destroy();
await server.stop();
