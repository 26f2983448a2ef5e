// A producer, a consumer, and the end of both.
//
//   npm start                              in one terminal
//   node examples/getting-started.ts       in another
//
// In a program of your own: import { Stratalog } from 'stratalog'.

import { Stratalog } from '../lib/index.ts';

const log = new Stratalog({
  endpoint: process.env.STRATALOG_ENDPOINT ?? 'http://127.0.0.1:4510',
  clientId: 'getting-started',
});
const topic = 'greetings';
await log.admin().createTopics({ topics: [{ topic, numPartitions: 3 }] });

const producer = log.producer();
await producer.connect();
const sent = await producer.send({
  topic,
  messages: [
    { key: 'en', value: 'hello' },
    { key: 'fr', value: 'bonjour' },
    { key: 'sw', value: 'habari', headers: { politeness: 'high' } },
  ],
});
for (const { partition, baseOffset } of sent) {
  console.log(`sent to partition ${partition} at offset ${baseOffset}`);
}
await producer.disconnect();

const consumer = log.consumer({ groupId: `readers-${process.pid}` });
await consumer.connect();
await consumer.subscribe({ topics: [topic], fromBeginning: true });
let count = 0;
await new Promise<void>((resolve, reject) => {
  consumer
    .run({
      eachMessage: async ({ partition, message }) => {
        console.log(`${partition}/${message.offset} ${message.key} says ${message.value}`);
        count += 1;
        if (count >= 3) resolve();
      },
    })
    .catch(reject);
});
// Commits what was handled, and leaves the group.
await consumer.disconnect();
console.log(`read ${count} records`);
