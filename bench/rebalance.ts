// From one more join to a stable assignment, for groups of 3, 30 and 300: time, requests of the group's stores for each
// member, and how many partitions moved (uniform: at most what the newcomer gets). `npm run bench:rebalance`
// The real services over the local adapters in memory, every member heartbeating in turn until nobody hears anything new.

import { converge, createTestGroups, TestConsumer } from '../test/support/test-groups.ts';
import { report } from './support/report.ts';

const SIZES = [
  { members: 3, partitions: 30 },
  { members: 30, partitions: 300 },
  { members: 300, partitions: 900 },
];

/** Who owns which partition. */
function ownersOf(consumers: readonly TestConsumer[]): ReadonlyMap<string, TestConsumer> {
  return new Map(consumers.flatMap((one) => one.owned.map((name) => [name, one] as const)));
}

async function measure(size: (typeof SIZES)[number]): Promise<Record<string, number>> {
  const test = createTestGroups();
  await test.createTopic('orders', size.partitions);
  const consumers: TestConsumer[] = [];
  const joinAll = performance.now();
  for (let index = 0; index < size.members - 1; index += 1) {
    const consumer = new TestConsumer(test.another());
    await consumer.join();
    consumers.push(consumer);
  }
  await converge(consumers);
  const groupMs = performance.now() - joinAll;
  const before = ownersOf(consumers);

  test.log.wire.take();
  const started = performance.now();
  const newcomer = new TestConsumer(test.another());
  await newcomer.join();
  consumers.push(newcomer);
  const rounds = await converge(consumers);
  const joinMs = performance.now() - started;
  const requests = Object.values(test.log.wire.take()).reduce((sum, count) => sum + count, 0);

  const after = ownersOf(consumers);
  const moved = [...before].filter(([name, owner]) => after.get(name) !== owner).length;
  test.log.wire.take();
  for (const consumer of consumers) await consumer.beat();
  const { heartbeatMember = 0 } = test.log.wire.take();
  return {
    members: size.members,
    partitions: size.partitions,
    'one more join until stable ms': Math.round(joinMs),
    'heartbeats a member': rounds,
    'requests a member': Number((requests / size.members).toFixed(1)),
    'partitions moved': moved,
    'may move': Math.ceil(size.partitions / size.members),
    'writes a quiet heartbeat': Number((heartbeatMember / size.members).toFixed(2)),
    'whole group from nothing ms': Math.round(groupMs),
  };
}

const rows: Record<string, number>[] = [];
for (const size of SIZES) rows.push(await measure(size));
report('rebalance', rows);
