// Sends with acks=0: answered before it is stored, stored at some time or never, and never twice.

import { encodeRecords } from '../batches.ts';
import type { Client } from '../client.ts';
import { newIds, pickPlace } from './sending.ts';

export async function lateProducer(client: Client): Promise<void> {
  for (let number = 1; !client.world.isEnding; number += 1) {
    await client.think();
    const ids = newIds(client, number);
    const batches = encodeRecords(ids, client.world.scheduler.nowMs);
    const partitions = [{ ...pickPlace(client), batches }];
    await client.ask(`append later ${ids.join(' ')}`, (served) =>
      served.produce.produceBatches({ acks: 'none', partitions }),
    );
  }
}
