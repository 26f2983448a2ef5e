// Every promise that is checked, by the names that docs/ARCHITECTURE.md gives them.

import type { GroupModel } from '../group-model.ts';
import type { LogModel } from '../log-model.ts';
import type { Invariant } from '../observation.ts';
import { AtomicTransaction } from './atomic-transaction.ts';
import { Bounded } from './bounded.ts';
import { Converges } from './converges.ts';
import { Dense } from './dense.ts';
import { Durable } from './durable.ts';
import { Fenced } from './fenced.ts';
import { MonotonicOwnership } from './monotonic-ownership.ts';
import { NoDoubleAppend } from './no-double-append.ts';
import { NoLossByCleanup } from './no-loss-by-cleanup.ts';
import { OneOwner } from './one-owner.ts';
import { Ordered } from './ordered.ts';
import { Sound } from './sound.ts';
import { VisibleOnceComplete } from './visible-once-complete.ts';

export function allInvariants(models: {
  readonly log: LogModel;
  readonly groups: GroupModel;
  readonly nowMs: () => number;
}): readonly Invariant[] {
  const { log, groups, nowMs } = models;
  return [
    new Sound(),
    new AtomicTransaction(log, groups),
    new VisibleOnceComplete(log),
    new NoDoubleAppend(),
    new Fenced(groups),
    new Ordered(log),
    new Dense(log),
    new Durable(log),
    new OneOwner(groups),
    new MonotonicOwnership(groups, nowMs),
    new NoLossByCleanup(log),
    new Bounded(),
    new Converges(),
  ];
}
