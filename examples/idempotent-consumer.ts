// Delivery is at least once: a consumer that dies between its work and its commit makes the next one do the work again.
// The work itself has to be harmless when repeated. Here a table with a unique key takes the place of every "did I do that
// already?": the payment and the note that it was made are written in one transaction.

import { DatabaseSync } from 'node:sqlite';
import { newTopic, openLog, until } from './shared/log.ts';

const log = openLog();
const topic = await newTopic(log, 'payments');
const database = new DatabaseSync(':memory:');
database.exec(`
  CREATE TABLE handled (event_id TEXT PRIMARY KEY) STRICT;
  CREATE TABLE balances (account TEXT PRIMARY KEY, cents INTEGER NOT NULL) STRICT;
`);

interface Payment {
  readonly eventId: string;
  readonly account: string;
  readonly cents: number;
}

/** Applies a payment once, however often it is delivered. */
function apply({ eventId, account, cents }: Payment): void {
  database.exec('BEGIN IMMEDIATE');
  const noted = database
    .prepare('INSERT INTO handled VALUES (?) ON CONFLICT DO NOTHING')
    .run(eventId);
  if (noted.changes === 1) {
    database
      .prepare(
        'INSERT INTO balances VALUES (?, ?) ON CONFLICT DO UPDATE SET cents = cents + excluded.cents',
      )
      .run(account, cents);
  }
  database.exec('COMMIT');
}

const producer = log.producer();
await producer.connect();
await producer.send({
  topic,
  messages: Array.from({ length: 10 }, (_, index) => ({
    key: `account-${index % 2}`,
    value: JSON.stringify({ eventId: `p-${index}`, account: `account-${index % 2}`, cents: 100 }),
  })),
});
await producer.disconnect();

let deliveries = 0;
/** Handles ten more deliveries; `commits` false is a process that dies before it could commit any of them. */
async function run(commits: boolean): Promise<void> {
  const consumer = log.consumer({ groupId: `${topic}-ledger`, lowLatency: true });
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  const goal = deliveries + 10;
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      apply(JSON.parse(String(message.value)) as Payment);
      deliveries += 1;
      if (!commits) return;
      const offset = String(Number(message.offset) + 1);
      await consumer.commitOffsets([{ topic, partition, offset }]);
    },
  });
  await until(() => deliveries >= goal);
  await consumer.disconnect();
}

await run(false);
await run(true);
const balances = database.prepare('SELECT account, cents FROM balances ORDER BY account').all();
console.log(`${deliveries} deliveries of 10 payments`);
for (const { account, cents } of balances) console.log(`${account}: ${cents} cents`);
