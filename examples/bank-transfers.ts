// Money moves between accounts that lie in different partitions: each transfer is a transaction of two records, and
// either both are in the log or neither is. Clerks work side by side; some die with a transfer half done, and their
// successors take their ids over. Somebody who knows nothing of them adds everything up all the while: no money is ever
// made or lost.

import type { Message } from '../lib/index.ts';
import { newTopic, openLog } from './shared/log.ts';

const ACCOUNTS = 6;
const DEPOSIT = 100;
const CLERKS = 3;
const TRANSFERS_PER_CLERK = 20;

interface Posting {
  /** Both records of a transfer carry it. */
  readonly transfer: string;
  readonly account: number;
  readonly amount: number;
}

const log = openLog();
const topic = await newTopic(log, 'accounts', 3);

const posting = (transfer: string, account: number, amount: number): Message => ({
  key: `account-${account}`,
  partition: account % 3,
  value: JSON.stringify({ transfer, account, amount } satisfies Posting),
});

async function deposit(): Promise<void> {
  const bank = log.producer({ transactionalId: `${topic}-bank` });
  await bank.connect();
  const opening = await bank.transaction();
  const messages = Array.from({ length: ACCOUNTS }, (_, account) =>
    posting('opening', account, DEPOSIT),
  );
  await opening.send({ topic, messages });
  await opening.commit();
  await bank.disconnect();
}

/** Every fifth transfer the clerk dies between the two records; the next one has the same id, and fences it. */
async function work(clerk: number): Promise<void> {
  for (let made = 0; made < TRANSFERS_PER_CLERK; ) {
    const producer = log.producer({ transactionalId: `${topic}-clerk-${clerk}` });
    await producer.connect();
    for (; made < TRANSFERS_PER_CLERK; made += 1) {
      const transfer = await producer.transaction();
      const [from, to] = [(clerk + made) % ACCOUNTS, (clerk + 2 * made + 1) % ACCOUNTS];
      const name = `${clerk}/${made}`;
      await transfer.send({ topic, messages: [posting(name, from, -1)] });
      const dies = made % 5 === 4;
      if (dies) break;
      await transfer.send({ topic, messages: [posting(name, to, 1)] });
      await transfer.commit();
    }
    // What the dead clerk had begun is dropped; its successor goes on with the next customer.
    if (made < TRANSFERS_PER_CLERK) made += 1;
  }
}

async function readAll(): Promise<Posting[]> {
  const postings: Posting[] = [];
  for await (const { messages } of log.read({ topic })) {
    for (const { value } of messages) postings.push(JSON.parse(String(value)) as Posting);
  }
  return postings;
}

/** Partitions are read one after the other: what the first look has seen of a transfer, the second sees whole. */
async function total(): Promise<number> {
  const seen = new Set((await readAll()).map(({ transfer }) => transfer));
  const whole = (await readAll()).filter(({ transfer }) => seen.has(transfer));
  return whole.reduce((sum, { amount }) => sum + amount, 0);
}

await deposit();
let working = true;
const clerks = Promise.all(Array.from({ length: CLERKS }, (_, clerk) => work(clerk))).finally(
  () => {
    working = false;
  },
);
const totals = new Set<number>();
while (working) totals.add(await total());
await clerks;
totals.add(await total());

const transfers = new Set((await readAll()).map(({ transfer }) => transfer)).size - 1;
console.log(
  `${transfers} transfers of ${CLERKS * TRANSFERS_PER_CLERK} were made, the others left no trace`,
);
console.log(`in all accounts together, at every look: ${[...totals].join(', ')}`);
await log.close();
