// Somebody who knows nothing of groups: reads every partition from where it got to up to its end, round after round.

import type { Stratalog } from '../../../../lib/index.ts';
import { type Actor, clientOf, idOf, pause, tellTrouble } from './actor.ts';

const PAUSE_MS = 200;
const RETRIES = 8;

export async function runReader(actor: Actor): Promise<void> {
  const { settings, ending } = actor;
  const client = clientOf(actor, RETRIES);
  const cursors = new Map<string, number>();
  for (let round = 0; !ending.aborted; round += 1) {
    for (const topic of Object.values(settings.topics)) {
      for (let partition = 0; partition < settings.partitionCount; partition += 1) {
        const place = `${topic}/${partition}`;
        // A round counts only when it has seen everything.
        while (!(await tryRead(actor, client, { topic, partition, place, cursors, round }))) {
          if (ending.aborted) return;
          await pause(PAUSE_MS, ending);
        }
      }
    }
    await pause(PAUSE_MS, ending);
  }
  await client.close();
}

interface Part {
  readonly topic: string;
  readonly partition: number;
  readonly place: string;
  readonly cursors: Map<string, number>;
  readonly round: number;
}

async function tryRead(actor: Actor, client: Stratalog, part: Part): Promise<boolean> {
  const { topic, partition, place, cursors, round } = part;
  try {
    const offset = cursors.get(place) ?? 0;
    const from = { kind: 'offset', offset } as const;
    for await (const { messages } of client.read({ topic, partitions: [partition], from })) {
      const [first] = messages;
      if (first === undefined) continue;
      const records = messages.map(({ value }) => idOf(value));
      const reader = actor.settings.process;
      const baseOffset = Number(first.offset);
      actor.history.write({ kind: 'reading', reader, round, place, baseOffset, records });
      cursors.set(place, baseOffset + records.length);
    }
    return true;
  } catch (error) {
    tellTrouble(actor, error);
    return false;
  }
}
