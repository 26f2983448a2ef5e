// A member that comes, stays as long as it likes, goes, and comes again; after a crash as somebody else.

import type { Client } from '../client.ts';
import { Member } from './member.ts';

export async function groupMember(
  client: Client,
  current: (member: Member) => void,
): Promise<void> {
  const { world, dice } = client;
  const member = new Member(client);
  current(member);
  while (!world.isStopped) {
    await client.think();
    await member.step();
    if (!world.isEnding && member.isIn && dice.chance(world.scenario.leaves)) {
      await member.leave();
      await client.sleep(dice.waitMs(1_000));
    }
  }
  await member.rest();
}
