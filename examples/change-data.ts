// Change data capture: every change of a row is a record keyed by the row, so that the changes of a row keep their order,
// and a copy of the table can be built anywhere. A record without a value says that the row is gone; on a compacted topic
// the last change of each row is all that is kept.

import { openLog, until } from './shared/log.ts';

const log = openLog();
const topic = `db.public.customers-${Date.now().toString(36)}`;
await log.admin().createTopics({
  topics: [
    { topic, numPartitions: 3, configEntries: [{ name: 'cleanup.policy', value: 'compact' }] },
  ],
});

interface Row {
  readonly id: number;
  readonly name: string;
  readonly city: string;
}

const source = new Map<number, Row>();
const producer = log.producer();
await producer.connect();

async function upsert(row: Row): Promise<void> {
  source.set(row.id, row);
  await producer.send({ topic, messages: [{ key: String(row.id), value: JSON.stringify(row) }] });
}

async function remove(id: number): Promise<void> {
  source.delete(id);
  await producer.send({ topic, messages: [{ key: String(id), value: null }] });
}

await upsert({ id: 1, name: 'Ada', city: 'London' });
await upsert({ id: 2, name: 'Grace', city: 'New York' });
await upsert({ id: 3, name: 'Edsger', city: 'Rotterdam' });
await upsert({ id: 1, name: 'Ada', city: 'Paris' });
await remove(2);
await upsert({ id: 3, name: 'Edsger', city: 'Austin' });
await producer.disconnect();

const copy = new Map<number, Row>();
let changes = 0;
const consumer = log.consumer({ groupId: `${topic}-copy`, lowLatency: true });
await consumer.subscribe({ topics: [topic], fromBeginning: true });
await consumer.run({
  eachMessage: async ({ message }) => {
    const id = Number(message.key);
    if (message.value === null) copy.delete(id);
    else copy.set(id, JSON.parse(String(message.value)) as Row);
    changes += 1;
  },
});
await until(() => changes === 6);
await consumer.disconnect();

for (const { id, name, city } of [...copy.values()].sort((left, right) => left.id - right.id)) {
  console.log(`${id} ${name}, ${city}`);
}
const isSame = [...source].every(
  ([id, row]) => JSON.stringify(copy.get(id)) === JSON.stringify(row),
);
console.log(
  `${changes} changes, the copy ${isSame && copy.size === source.size ? 'is' : 'is not'} the source`,
);
