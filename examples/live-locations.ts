// Couriers report where they are twice a second. Keyed by courier, each one's reports keep their order; a map of the last
// report of each is all that a screen needs, and a restart builds it again from the log.

import { newTopic, openLog, until } from './shared/log.ts';

interface Report {
  readonly latitude: number;
  readonly longitude: number;
  readonly sequence: number;
}

const COURIERS = 12;
const REPORTS = 10;
const log = openLog();
const topic = await newTopic(log, 'courier-locations', 6);

const latest = new Map<string, Report>();
let seen = 0;
let outOfOrder = 0;
const consumer = log.consumer({ groupId: `${topic}-map`, lowLatency: true });
await consumer.subscribe({ topics: [topic], fromBeginning: true });
await consumer.run({
  partitionsConsumedConcurrently: 6,
  eachMessage: async ({ message }) => {
    const courier = String(message.key);
    const report = JSON.parse(String(message.value)) as Report;
    const before = latest.get(courier);
    if (before !== undefined && before.sequence >= report.sequence) outOfOrder += 1;
    latest.set(courier, report);
    seen += 1;
  },
});

// A lost report is no harm, the next one comes soon: acks=1 and a short linger, one request for all couriers.
const producer = log.producer({ linger: 5, acks: 1 });
await producer.connect();
for (let sequence = 1; sequence <= REPORTS; sequence += 1) {
  await Promise.all(
    Array.from({ length: COURIERS }, (_, courier) => {
      const report: Report = {
        latitude: -1.28 + courier / 100 + sequence / 10_000,
        longitude: 36.82 + sequence / 10_000,
        sequence,
      };
      const message = { key: `courier-${courier}`, value: JSON.stringify(report) };
      return producer.send({ topic, messages: [message] });
    }),
  );
}
await producer.disconnect();

await until(() => seen === COURIERS * REPORTS);
await consumer.disconnect();
const last = latest.get('courier-3');
console.log(`${latest.size} couriers on the map, ${outOfOrder} reports out of order`);
console.log(`courier-3 is at ${last?.latitude.toFixed(4)}, ${last?.longitude.toFixed(4)}`);
