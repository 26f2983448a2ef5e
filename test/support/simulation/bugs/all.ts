// Every planted bug, by its name.

import * as append from './append-bugs.ts';
import * as cleanup from './cleanup-bugs.ts';
import * as group from './group-bugs.ts';
import type { PlantedBug } from './planted-bug.ts';
import * as topic from './topic-bugs.ts';
import * as transaction from './transaction-bugs.ts';

export const PLANTED_BUGS: readonly PlantedBug[] = [
  append,
  topic,
  group,
  cleanup,
  transaction,
].flatMap(Object.values);

export function findBug(name: string): PlantedBug {
  const bug = PLANTED_BUGS.find((one) => one.name === name);
  if (bug !== undefined) return bug;
  const names = PLANTED_BUGS.map((one) => one.name).join(', ');
  throw new Error(`there is no planted bug "${name}"; there are ${names}`);
}
