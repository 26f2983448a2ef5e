// Runs background jobs, one after the other, whichever it likes: they meet those of other janitors.

import type { JobFailure } from '../../../../lib/service/background/job-topics.ts';
import type { Client } from '../client.ts';
import type { Served } from '../server.ts';
import { isWeather } from './sending.ts';

const FOREVER = { untilMs: Number.MAX_SAFE_INTEGER };

interface Report {
  readonly failures?: readonly JobFailure[];
  readonly damaged?: readonly { readonly damage: { readonly problem: string } }[];
}

const JOBS: Readonly<Record<string, (served: Served) => Promise<Report>>> = {
  merge: ({ background }) => background.segments.mergeAll(FOREVER),
  'apply retention': ({ background }) => background.retention.applyAll(FOREVER),
  compact: ({ background }) => background.compaction.compactAll(FOREVER),
  'watch groups': async ({ watchGroups }) => {
    await watchGroups(FOREVER);
    return {};
  },
  'collect garbage': async ({ background }) => {
    await background.garbage.collect(FOREVER);
    return {};
  },
};
/** Some janitors do everything, some a part of it more often. */
const EVERYTHING: readonly string[] = [
  ...['merge', 'merge', 'collect garbage', 'collect garbage', 'compact', 'apply retention'],
];
const COMPACTION: readonly string[] = ['merge', 'merge', 'compact'];
const GARBAGE: readonly string[] = ['collect garbage'];

export async function janitor(client: Client): Promise<void> {
  const { world, dice } = client;
  const { compacts, members } = world.scenario;
  const picked = dice.pick([EVERYTHING, compacts ? COMPACTION : GARBAGE]);
  const duty = members > 0 ? [...picked, 'watch groups'] : picked;
  while (!world.isEnding) {
    await client.sleep(dice.waitMs(world.scenario.janitorPaceMs));
    await runJob(client, dice.pick(duty));
  }
}

async function runJob(client: Client, name: string): Promise<void> {
  const job = JOBS[name];
  if (job === undefined) return;
  const outcome = await client.ask(name, job);
  if (outcome.kind !== 'answered') return;
  const { failures = [], damaged = [] } = outcome.answer;
  for (const { damage } of damaged) client.world.report({ kind: 'damaged', what: damage.problem });
  for (const { message } of failures) {
    const who = `${name} by ${client.name}`;
    if (!isWeather(message) && !isSwept(message))
      client.world.report({ kind: 'bug', who, error: message });
  }
}

/** Who slept through the grace time finds its unfinished upload swept as nobody’s; the next one begins anew. */
function isSwept(message: string): boolean {
  return message.startsWith('there is no upload');
}
