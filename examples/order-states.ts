// Orders as state machines: events of an order share its key, so they arrive in order however many consumers there are,
// and a transition that makes no sense is a bug or a lie, not a race.

import { newTopic, openLog, until } from './shared/log.ts';

const TRANSITIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  none: { OrderPlaced: 'placed' },
  placed: { PaymentCompleted: 'paid', OrderCancelled: 'cancelled' },
  paid: { OrderShipped: 'shipped', OrderCancelled: 'refunding' },
  refunding: { RefundCompleted: 'cancelled' },
  shipped: { OrderDelivered: 'delivered' },
};

const log = openLog();
const topic = await newTopic(log, 'order-events');
const histories: Readonly<Record<string, readonly string[]>> = {
  'order-1': ['OrderPlaced', 'PaymentCompleted', 'OrderShipped', 'OrderDelivered'],
  'order-2': ['OrderPlaced', 'OrderCancelled'],
  'order-3': ['OrderPlaced', 'PaymentCompleted', 'OrderCancelled', 'RefundCompleted'],
  'order-4': ['OrderPlaced', 'OrderShipped'],
};

const producer = log.producer();
await producer.connect();
let sent = 0;
for (let step = 0; step < 4; step += 1) {
  const messages = Object.entries(histories).flatMap(([key, history]) => {
    const value = history[step];
    return value === undefined ? [] : [{ key, value }];
  });
  await producer.send({ topic, messages });
  sent += messages.length;
}
await producer.disconnect();

const states = new Map<string, string>();
const refused: string[] = [];
let handled = 0;
/** Two consumers share the orders. */
const consumers = await Promise.all(
  [1, 2].map(async () => {
    const consumer = log.consumer({ groupId: `${topic}-tracker`, lowLatency: true });
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => {
        const order = String(message.key);
        const event = String(message.value);
        const state = states.get(order) ?? 'none';
        const next = TRANSITIONS[state]?.[event];
        if (next === undefined) refused.push(`${order}: ${event} while ${state}`);
        else states.set(order, next);
        handled += 1;
      },
    });
    return consumer;
  }),
);
await until(() => handled === sent);
await Promise.all(consumers.map((consumer) => consumer.disconnect()));
for (const [order, state] of [...states].sort()) console.log(`${order} ${state}`);
for (const refusal of refused) console.log(`refused ${refusal}`);
