// The events are the truth; a balance is what they add up to. It is built by replay: all of it, or up to a moment.

import { newTopic, openLog } from './shared/log.ts';

type AccountEvent =
  | { readonly type: 'Opened'; readonly owner: string }
  | { readonly type: 'Deposited'; readonly cents: number }
  | { readonly type: 'Withdrawn'; readonly cents: number };

interface Account {
  readonly owner: string;
  readonly cents: number;
}

function applyEvent(account: Account | undefined, event: AccountEvent): Account {
  const before = account ?? { owner: '', cents: 0 };
  switch (event.type) {
    case 'Opened':
      return { ...before, owner: event.owner };
    case 'Deposited':
      return { ...before, cents: before.cents + event.cents };
    case 'Withdrawn':
      return { ...before, cents: before.cents - event.cents };
  }
}

const log = openLog();
const topic = await newTopic(log, 'accounts');
const startMs = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;

const events: [account: string, hours: number, event: AccountEvent][] = [
  ['alice', 0, { type: 'Opened', owner: 'Alice' }],
  ['bob', 1, { type: 'Opened', owner: 'Bob' }],
  ['alice', 2, { type: 'Deposited', cents: 10_000 }],
  ['bob', 3, { type: 'Deposited', cents: 2_500 }],
  ['alice', 4, { type: 'Withdrawn', cents: 4_000 }],
  ['bob', 5, { type: 'Withdrawn', cents: 500 }],
];
const producer = log.producer();
await producer.connect();
await producer.send({
  topic,
  // One key an account: its events stay in order.
  messages: events.map(([account, hours, event]) => ({
    key: account,
    value: JSON.stringify(event),
    timestamp: startMs + hours * HOUR_MS,
  })),
});
await producer.disconnect();

/** Accounts as they were at a moment, by reading everything before it. */
async function replay(untilMs: number): Promise<Map<string, Account>> {
  const accounts = new Map<string, Account>();
  for await (const { messages } of log.read({ topic })) {
    for (const { key, value, timestamp } of messages) {
      if (Number(timestamp) > untilMs) continue;
      const event = JSON.parse(String(value)) as AccountEvent;
      accounts.set(String(key), applyEvent(accounts.get(String(key)), event));
    }
  }
  return accounts;
}

for (const hours of [2, 5]) {
  const accounts = await replay(startMs + hours * HOUR_MS);
  const shown = [...accounts.values()].map(({ owner, cents }) => `${owner} ${cents / 100}`).sort();
  console.log(`after ${hours} hours: ${shown.join(', ')}`);
}
