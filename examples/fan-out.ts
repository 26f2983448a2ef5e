// One event, three departments: every group reads every record, at its own pace, and the producer knows none of them.

import { newTopic, openLog, until } from './shared/log.ts';

const log = openLog();
const topic = await newTopic(log, 'orders');
const ORDERS = 20;

const work: Record<string, (order: string) => string> = {
  mail: (order) => `confirmation for ${order}`,
  invoice: (order) => `invoice of ${order}`,
  analytics: (order) => `counted ${order}`,
};
const done = new Map<string, string[]>();
const consumers = await Promise.all(
  Object.entries(work).map(async ([department, handle]) => {
    done.set(department, []);
    const consumer = log.consumer({ groupId: `${topic}-${department}`, lowLatency: true });
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => {
        done.get(department)?.push(handle(String(message.key)));
      },
    });
    return consumer;
  }),
);

const producer = log.producer();
await producer.connect();
for (let number = 1; number <= ORDERS; number += 1) {
  await producer.send({ topic, messages: [{ key: `order-${number}`, value: '{}' }] });
}
await producer.disconnect();

await until(() => [...done.values()].every((list) => list.length === ORDERS));
await Promise.all(consumers.map((consumer) => consumer.disconnect()));
for (const [department, list] of done) console.log(`${department}: ${list.length}, ${list[0]} …`);
