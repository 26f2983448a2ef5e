// A bug that is planted to see whether the simulation finds it: something of the product replaced, at one of the places
// where its parts are put together. There are no hooks for it in the product.

import type { StoragePorts } from '../calls.ts';
import type { Dice } from '../dice.ts';
import type { SimulatedProcess } from '../process.ts';
import type { Served } from '../server.ts';
import type { World } from '../world.ts';

export interface PlantedBug {
  readonly name: string;
  /** What is wrong with the product that has it. */
  readonly story: string;
  /** The promises of which one must be seen broken. */
  readonly breaks: readonly string[];
  /** The storage with it: a condition that it doesn't check. */
  readonly below?: (storage: StoragePorts, world: World) => StoragePorts;
  /** The adapter with it: what a process does with its requests before they go out. */
  readonly above?: (ports: StoragePorts, world: World, process: SimulatedProcess) => StoragePorts;
  /** The services with it. */
  readonly served?: (served: Served, ports: StoragePorts) => Served;
  readonly random?: (dice: Dice) => Dice;
}

export const NO_BUG: PlantedBug = { name: 'none', story: 'the product as it is', breaks: [] };
