// Many services write their lines to one topic, compressed, in large batches; one reader counts errors by service, another
// would ship them to an archive. Lines need no key: they are spread over the partitions in turn.

import { newTopic, openLog, until } from './shared/log.ts';

const SERVICES = ['checkout', 'search', 'mail'];
const LEVELS = ['info', 'info', 'info', 'warn', 'error'];
const LINES = 1_000;

const log = openLog();
const topic = await newTopic(log, 'logs', 4);

let requests = 0;
await Promise.all(
  SERVICES.map(async (service, index) => {
    const producer = log.producer({ compression: 'zstd' });
    producer.on(producer.events.REQUEST, ({ payload }) => {
      if (payload.method === 'POST') requests += 1;
    });
    await producer.connect();
    const sends = Array.from({ length: LINES }, (_, line) => {
      const level = LEVELS[(line + index) % LEVELS.length];
      const value = JSON.stringify({ service, level, line, text: `request ${line} took 12 ms` });
      return producer.send({ topic, messages: [{ value, headers: { service } }] });
    });
    await Promise.all(sends);
    await producer.disconnect();
  }),
);

const errors = new Map<string, number>();
let lines = 0;
const consumer = log.consumer({ groupId: `${topic}-errors`, lowLatency: true });
await consumer.subscribe({ topics: [topic], fromBeginning: true });
await consumer.run({
  partitionsConsumedConcurrently: 4,
  eachBatch: async ({ batch }) => {
    for (const message of batch.messages) {
      const { service, level } = JSON.parse(String(message.value)) as Record<string, string>;
      if (level === 'error') errors.set(service ?? '', (errors.get(service ?? '') ?? 0) + 1);
    }
    lines += batch.messages.length;
  },
});
await until(() => lines === LINES * SERVICES.length);
await consumer.disconnect();

console.log(`${lines} lines in ${requests} requests`);
for (const [service, count] of [...errors].sort()) console.log(`${service}: ${count} errors`);
