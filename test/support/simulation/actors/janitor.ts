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
  'collect garbage': async ({ background }) => {
    await background.garbage.collect(FOREVER);
    return {};
  },
};
const NAMES = [
  'merge',
  'merge',
  'collect garbage',
  'collect garbage',
  'compact',
  'apply retention',
];

export async function janitor(client: Client): Promise<void> {
  const { world, dice } = client;
  while (!world.isEnding) {
    await client.sleep(dice.waitMs(world.scenario.paceMs * 3));
    await runJob(client, dice.pick(NAMES));
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
    if (!isWeather(message)) client.world.report({ kind: 'bug', who, error: message });
  }
}
