// Every planted bug, by its name.

import type { PlantedBug } from './planted-bug.ts';

export const PLANTED_BUGS: readonly PlantedBug[] = [];

export function findBug(name: string): PlantedBug {
  const bug = PLANTED_BUGS.find((one) => one.name === name);
  if (bug !== undefined) return bug;
  const names = PLANTED_BUGS.map((one) => one.name).join(', ');
  throw new Error(`there is no planted bug "${name}"; there are ${names}`);
}
