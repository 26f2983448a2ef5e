// Producers without transactions. Five sends are under way at a time. The plain one tries nothing twice, so that of it
// too each record may be there once at most.

import { type Actor, below, clientOf, outcomeOf, pause, tellTrouble, textOf } from './actor.ts';

const SENDS_AT_ONCE = 5;
const RECORDS_MAX = 10;
const RETRIES = 8;

export async function runSender(actor: Actor, idempotent: boolean): Promise<void> {
  const { settings, ending } = actor;
  const client = clientOf(actor, idempotent ? RETRIES : 0);
  const producer = client.producer({ idempotent, linger: 5 });
  await producer.connect();
  let next = 0;
  const send = async (first: number, count: number): Promise<void> => {
    const { topics, partitionCount, process: writer } = settings;
    const [topic, partition] = [topics.records, below(partitionCount)];
    const numbers = Array.from({ length: count }, (_, at) => first + at);
    actor.history.write({ kind: 'send', writer, place: `${topic}/${partition}`, first, count });
    try {
      const messages = numbers.map((number) => ({ partition, value: textOf(writer, number) }));
      const [stored] = await producer.send({ topic, messages });
      const { baseOffset } = stored ?? {};
      actor.history.write({
        ...{ kind: 'sent', writer, first, outcome: 'done' },
        baseOffset: baseOffset === undefined ? undefined : Number(baseOffset),
      });
    } catch (error) {
      actor.history.write({ kind: 'sent', writer, first, outcome: outcomeOf(error) });
      tellTrouble(actor, error);
      await pause(100, ending);
    }
  };
  const underWay = new Set<Promise<void>>();
  while (!ending.aborted) {
    const count = 1 + below(RECORDS_MAX);
    const sent = send(next, count).finally(() => underWay.delete(sent));
    next += count;
    underWay.add(sent);
    if (underWay.size >= SENDS_AT_ONCE) await Promise.race(underWay);
    await pause(1_000 / settings.ratePerSecond, ending);
  }
  await Promise.all(underWay);
  await producer.disconnect();
  await client.close();
}
