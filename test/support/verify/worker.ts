// One process of a verification: plays its role until its standard input ends, or until somebody kills it.

import { createInterface } from 'node:readline';
import { type Actor, createActor, tellTrouble } from './actors/actor.ts';
import { runConsumer, runPipeline } from './actors/consumers.ts';
import { runReader } from './actors/reader.ts';
import { runSender } from './actors/sender.ts';
import { runTransactor } from './actors/transactor.ts';
import type { WorkerSettings } from './worker-settings.ts';

function run(actor: Actor): Promise<void> {
  switch (actor.settings.role) {
    case 'plain':
      return runSender(actor, false);
    case 'idempotent':
      return runSender(actor, true);
    case 'transactional':
      return runTransactor(actor);
    case 'consumer':
      return runConsumer(actor);
    case 'pipeline':
      return runPipeline(actor);
    case 'reader':
      return runReader(actor);
  }
}

const ending = new AbortController();
const input = createInterface({ input: process.stdin });
const settings = await new Promise<WorkerSettings>((resolve) => {
  input.once('line', (line) => resolve(JSON.parse(line) as WorkerSettings));
});
input.once('close', () => ending.abort());
const actor = createActor(settings, ending.signal);
try {
  await run(actor);
  process.exit(0);
} catch (error) {
  tellTrouble(actor, error);
  process.exit(1);
}
