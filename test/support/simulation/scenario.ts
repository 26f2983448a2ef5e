// What one simulation is made of, all of it drawn from its seed: who takes part, how bad the weather is, and how long it
// lasts. Most seeds leave most things out ("swarm"): a mixture of everything finds less than many odd mixtures.

import { Dice } from './dice.ts';
import type { Weather } from './weather.ts';

export interface Scenario {
  readonly seed: number;
  /** Storage requests, after which the weather clears and everything comes to rest. */
  readonly steps: number;
  readonly servers: number;
  /** How far a server's clock may be off, either way. */
  readonly skewMs: number;
  readonly topics: number;
  readonly partitions: number;
  /** Appends to every partition before it begins, so that tails are rolled early. */
  readonly prefill: number;
  readonly plainProducers: number;
  readonly idempotentProducers: number;
  /** Producers with acks=0. */
  readonly lateProducers: number;
  readonly readers: number;
  readonly members: number;
  /** Members have instance ids. */
  readonly staticMembers: boolean;
  readonly addsPartitions: boolean;
  readonly recreatesTopics: boolean;
  readonly deletesRecords: boolean;
  readonly resetsOffsets: boolean;
  /** Members come and go by themselves. */
  readonly leaves: boolean;
  readonly weather: Weather;
  /** Average time between two crashes or pauses of anybody; 0: none. */
  readonly crashMs: number;
  readonly pauseMs: number;
  /** Average time that an actor waits between two things it does. */
  readonly paceMs: number;
  readonly sessionTimeoutMs: number;
}

export function scenarioOf(seed: number, steps: number): Scenario {
  const dice = new Dice(seed).fork('scenario');
  const kind = dice.pick(['log', 'log', 'groups', 'groups', 'all'] as const);
  const hasLog = kind !== 'groups';
  const hasGroups = kind !== 'log';
  const often = (): boolean => dice.chance(0.3);
  return {
    seed,
    steps,
    servers: dice.between(1, 4),
    skewMs: dice.pick([0, 1_000, 120_000]),
    topics: dice.pick([1, 1, 1, 2]),
    partitions: dice.pick(hasGroups ? [1, 2, 3, 4] : [1, 1, 2]),
    prefill: hasLog ? dice.pick([0, 8, 14, 15, 30]) : 0,
    plainProducers: hasLog ? dice.between(0, 2) : dice.between(0, 1),
    idempotentProducers: hasLog ? dice.between(1, 3) : 0,
    lateProducers: hasLog && often() ? 1 : 0,
    readers: hasLog ? dice.between(0, 2) : 0,
    members: hasGroups ? dice.between(2, 5) : 0,
    staticMembers: dice.chance(0.2),
    addsPartitions: often(),
    recreatesTopics: dice.chance(0.2),
    deletesRecords: often(),
    resetsOffsets: often(),
    leaves: dice.chance(0.5),
    weather: weatherOf(dice),
    crashMs: dice.pick([0, 0, 2_000, 8_000]),
    pauseMs: dice.pick([0, 0, 2_000, 8_000]),
    paceMs: dice.pick([20, 100, 400]),
    sessionTimeoutMs: dice.pick([1_500, 3_000, 6_000]),
  };
}

function weatherOf(dice: Dice): Weather {
  const trouble = (): number => dice.pick([0, 0, 0.02, 0.1]);
  return {
    lost: trouble(),
    answerLost: trouble(),
    late: trouble(),
    throttled: trouble(),
    unknown: trouble(),
    delayMs: dice.pick([2, 10, 50]),
    slow: dice.pick([0, 0, 0.02, 0.1]),
    lateMs: dice.pick([500, 5_000, 60_000]),
  };
}
