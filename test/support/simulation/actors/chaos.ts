// Crashes and pauses whoever it likes, servers and clients; what crashed comes back after a while.

import type { Client } from '../client.ts';
import type { SimulatedProcess } from '../process.ts';

const DOWN_MS = 1_500;

export async function chaos(client: Client): Promise<void> {
  const { world, dice } = client;
  const { crashMs, pauseMs, pausedMs } = world.scenario;
  if (crashMs > 0)
    world.watch(
      'crashes',
      every(client, crashMs, (victim) => crash(client, victim)),
    );
  if (pauseMs > 0) {
    const pause = (victim: SimulatedProcess): void => {
      const forMs = dice.waitMs(pausedMs);
      client.note(() => `pauses ${victim.name} for ${forMs} ms`);
      victim.pausedUntilMs = world.scheduler.nowMs + forMs;
    };
    world.watch('pauses', every(client, pauseMs, pause));
  }
}

async function every(
  client: Client,
  meanMs: number,
  strike: (victim: SimulatedProcess) => void,
): Promise<void> {
  const { world, dice } = client;
  for (;;) {
    await client.sleep(dice.waitMs(meanMs));
    if (world.isEnding) return;
    const victims = [...world.servers, ...world.clients].filter((one) => one !== client);
    strike(dice.pick(victims).process);
  }
}

function crash(client: Client, victim: SimulatedProcess): void {
  const { dice, world } = client;
  const downMs = dice.waitMs(DOWN_MS);
  client.note(() => `crashes ${victim.name} for ${downMs} ms`);
  victim.crash();
  world.scheduler.after(downMs, () => victim.restart());
}
