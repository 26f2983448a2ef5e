// A process that serves: the real services over the storage as this process reaches it, with caches of its own, which a
// crash empties.

import type { LateAppend } from '../../../lib/ports/environment.ts';
import { type Background, createBackground } from '../../../lib/service/background/background.ts';
import {
  createGroupServices,
  type GroupServices,
} from '../../../lib/service/group/group-services.ts';
import { type GroupWatch, watchGroups } from '../../../lib/service/group/watch.ts';
import { createServices, type Services } from '../../../lib/service/services.ts';
import {
  createTransactionServices,
  type TransactionServices,
} from '../../../lib/service/transactions/transaction-services.ts';
import type { StoragePorts } from './calls.ts';
import type { Dice } from './dice.ts';
import { SimulatedProcess } from './process.ts';
import type { Scheduler } from './scheduler.ts';

export interface Served extends Services, GroupServices, TransactionServices {
  readonly background: Background;
  readonly watchGroups: (limit: { readonly untilMs: number }) => Promise<GroupWatch>;
}

/** Small, so that everything ends and is collected within a simulation. */
const GRACE_MS = 12_000;
const BACKGROUND_SETTINGS = {
  graceMs: GRACE_MS,
  leaseMs: 5_000,
  partBytes: 2_000,
  windowBytes: 3_000,
};

export interface ServerParts {
  readonly scheduler: Scheduler;
  readonly dice: Dice;
  readonly skewMs: number;
  /** The storage as a process reaches it. */
  readonly reach: (process: SimulatedProcess) => StoragePorts;
  readonly random: (dice: Dice) => Dice;
  readonly appendLater: (request: LateAppend) => void;
  /** What a planted bug makes of the services. */
  readonly change: (served: Served, ports: StoragePorts) => Served;
}

export class Server {
  readonly process: SimulatedProcess;
  served!: Served;

  constructor(name: string, parts: ServerParts) {
    this.process = new SimulatedProcess(name, parts, (process) => {
      const { clock, dice } = process;
      const storage = parts.reach(process);
      const invoker = {
        appendLater: (request: LateAppend) => {
          parts.appendLater(request);
          return Promise.resolve();
        },
      };
      const ports = { ...storage, clock, random: parts.random(dice), invoker };
      const background = createBackground(ports, BACKGROUND_SETTINGS);
      this.served = parts.change(
        {
          ...createServices(ports),
          ...createGroupServices({ ...ports, access: undefined }),
          ...createTransactionServices(ports),
          background,
          watchGroups: (limit) => watchGroups({ ...ports, access: undefined }, limit),
        },
        storage,
      );
    });
  }
}
