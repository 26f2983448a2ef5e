// What one simulation is made of, all of it drawn from its seed: who takes part, how bad the weather is, and how long it
// lasts. Most seeds leave most things out ("swarm"): a mixture of everything finds less than many odd mixtures.

import { Dice } from './dice.ts';
import type { Weather } from './weather.ts';

const OFTEN = 0.3;

export interface Scenario {
  readonly seed: number;
  /** Storage requests, after which the weather clears and everything comes to rest. */
  readonly steps: number;
  readonly servers: number;
  /** How far a server's clock may be off, either way. */
  readonly skewMs: number;
  readonly topics: number;
  /** Records have few keys, and topics keep the latest of each. */
  readonly compacts: boolean;
  /** Records are kept for less long than it takes. */
  readonly retains: boolean;
  readonly partitions: number;
  /** Appends to every partition before it begins, so that tails are rolled early. */
  readonly prefill: number;
  readonly plainProducers: number;
  readonly idempotentProducers: number;
  /** Processes that play many idempotent producers. */
  readonly crowds: number;
  /** Of the first crowd: so many have sent to every partition before it begins. */
  readonly knownProducers: number;
  /** Producers with acks=0. */
  readonly lateProducers: number;
  /** Idempotent producers that append to two partitions at once. */
  readonly atomicProducers: number;
  readonly transactionalProducers: number;
  /** All of them have the same transactional id. */
  readonly sharesTransactionalIds: boolean;
  readonly transactionTimeoutMs: number;
  readonly readers: number;
  readonly members: number;
  /** Members commit what they have read together with what they make of it. */
  readonly exactlyOnce: boolean;
  /** Members have instance ids. */
  readonly staticMembers: boolean;
  readonly addsPartitions: boolean;
  readonly recreatesTopics: boolean;
  readonly deletesRecords: boolean;
  readonly resetsOffsets: boolean;
  /** They run background jobs. */
  readonly janitors: number;
  /** Chance that a member goes, each time that it has done something. */
  readonly leaves: number;
  readonly weather: Weather;
  /** Chance that a message between a client and a server takes a hundred times as long: they overtake each other. */
  readonly clientSlow: number;
  /** Average time between two crashes or pauses of anybody; 0: none. */
  readonly crashMs: number;
  readonly pauseMs: number;
  /** Average time that a pause lasts. */
  readonly pausedMs: number;
  readonly janitorPaceMs: number;
  /** Undefined: a tenth as often as the others do something. */
  readonly adminPaceMs: number | undefined;
  /** Average time that an actor waits between two things it does. */
  readonly paceMs: number;
  readonly sessionTimeoutMs: number;
  /** How long a client waits for an answer before it asks again. */
  readonly patienceMs: number;
}

/**
 * `crowd`, `sleepers`, `compaction` and `topics` have little else than what they are named for; `everything` has all of
 * it at once, background jobs and changes of topics under groups and transactions.
 */
type Kind =
  | ('log' | 'groups' | 'cleanup' | 'all')
  | ('crowd' | 'sleepers' | 'compaction' | 'topics' | 'everything');

const KINDS: readonly Kind[] = [
  ...(['log', 'log', 'groups', 'groups', 'cleanup', 'cleanup', 'all'] as const),
  ...(['groups', 'crowd', 'sleepers', 'compaction'] as const),
];

export function scenarioOf(seed: number, steps: number): Scenario {
  const dice = new Dice(seed).fork('scenario');
  const picked = dice.pick(KINDS);
  const kind = rareKindOf(seed) ?? picked;
  const cleans = kind === 'cleanup' || kind === 'sleepers' || kind === 'compaction';
  const cleansOrAll = cleans || kind === 'everything';
  const mixture = {
    seed,
    steps,
    servers: dice.between(1, 4),
    skewMs: dice.pick(cleans ? [0, 2_000] : [0, 1_000, 120_000]),
    topics: dice.pick([1, 1, 1, 2]),
    partitions: dice.pick(kind === 'groups' || kind === 'all' ? [1, 2, 3, 4] : [1, 1, 2]),
    ...producersOf(kind, dice),
    ...membersOf(kind, dice),
    ...transactionsOf(kind, new Dice(seed).fork('transactions')),
    janitors: cleans ? dice.between(1, 3) : 0,
    compacts: cleansOrAll && dice.chance(0.4),
    retains: cleansOrAll && dice.chance(OFTEN),
    addsPartitions: dice.chance(OFTEN),
    recreatesTopics: dice.chance(0.25),
    deletesRecords: dice.chance(OFTEN),
    weather: weatherOf(dice, cleans),
    clientSlow: dice.pick([0, 0.05, 0.3]),
    crashMs: dice.pick([0, 0, 2_000, 8_000]),
    pauseMs: dice.pick([0, 0, 2_000, 8_000]),
    pausedMs: dice.pick(cleans ? [3_000, 40_000] : [3_000]),
    janitorPaceMs: dice.pick([1_000, 3_000]),
    adminPaceMs: undefined,
    paceMs: dice.pick(cleans ? [1_000, 5_000, 15_000] : [20, 100, 400]),
    patienceMs: dice.pick([700, 3_000, 20_000]),
  };
  return { ...mixture, ...focusOf(kind, mixture) };
}

/** Drawn apart, so that what other seeds do doesn't depend on them. */
function rareKindOf(seed: number): Kind | undefined {
  if (new Dice(seed).fork('topics').chance(0.06)) return 'topics';
  return new Dice(seed).fork('everything').chance(0.06) ? 'everything' : undefined;
}

const ALONE = {
  topics: 1,
  partitions: 1,
  idempotentProducers: 0,
  crowds: 0,
  lateProducers: 0,
  atomicProducers: 0,
  transactionalProducers: 0,
  readers: 0,
  members: 0,
  deletesRecords: false,
  recreatesTopics: false,
};

function focusOf(
  kind: Kind,
  { weather, transactionalProducers }: Pick<Scenario, 'weather' | 'transactionalProducers'>,
): Partial<Scenario> {
  switch (kind) {
    case 'crowd':
      return { ...ALONE, crowds: 3, knownProducers: 25, plainProducers: 0 };
    case 'sleepers': {
      const late = { ...weather, late: 0.15, lateMs: 60_000 };
      return { ...ALONE, servers: 3, janitors: 3, plainProducers: 3, paceMs: 4_000, weather: late };
    }
    case 'compaction':
      return {
        ...ALONE,
        compacts: true,
        janitors: 2,
        janitorPaceMs: 1_000,
        plainProducers: 2,
        paceMs: 2_000,
        prefill: 30,
        crashMs: 0,
      };
    case 'topics': {
      const late = { ...weather, late: 0.2, lateMs: 3_000 };
      const changes = { addsPartitions: true, recreatesTopics: true, adminPaceMs: 1_500 };
      return { ...ALONE, ...changes, servers: 3, plainProducers: 2, paceMs: 600, weather: late };
    }
    case 'everything':
      return {
        addsPartitions: true,
        recreatesTopics: true,
        deletesRecords: true,
        resetsOffsets: true,
        transactionalProducers: Math.max(1, transactionalProducers),
        janitors: 2,
        janitorPaceMs: 1_000,
        adminPaceMs: 3_000,
        paceMs: 400,
        weather: { ...weather, lateMs: Math.min(weather.lateMs, 5_000) },
      };
    default:
      return {};
  }
}

function producersOf(kind: Kind, dice: Dice) {
  if (kind === 'groups') {
    const none = { idempotentProducers: 0, crowds: 0, knownProducers: 0, lateProducers: 0 };
    return { ...none, readers: 0, prefill: 0, plainProducers: dice.between(0, 1) };
  }
  return {
    prefill: dice.pick(
      kind === 'cleanup' || kind === 'sleepers' ? [0, 15, 30, 60, 90] : [0, 8, 14, 15, 30],
    ),
    plainProducers: dice.between(0, 2),
    idempotentProducers: dice.between(1, 3),
    crowds: dice.chance(OFTEN) ? dice.between(1, 3) : 0,
    knownProducers: dice.pick([0, 25]),
    lateProducers: dice.chance(OFTEN) ? 1 : 0,
    readers: dice.between(0, 2),
  };
}

function transactionsOf(kind: Kind, dice: Dice) {
  const isLog = kind !== 'groups';
  return {
    atomicProducers: isLog && dice.chance(OFTEN) ? dice.between(1, 2) : 0,
    transactionalProducers: isLog && dice.chance(OFTEN) ? dice.between(1, 3) : 0,
    sharesTransactionalIds: dice.chance(OFTEN),
    transactionTimeoutMs: dice.pick([1_500, 4_000]),
    exactlyOnce: dice.chance(OFTEN),
  };
}

function membersOf(kind: Kind, dice: Dice) {
  const isGroup = kind === 'groups' || kind === 'all' || kind === 'everything';
  return {
    members: isGroup ? dice.between(2, 5) : 0,
    staticMembers: dice.chance(0.2),
    leaves: dice.pick([0, 0.02, 0.1, 0.3]),
    resetsOffsets: dice.chance(OFTEN),
    sessionTimeoutMs: dice.pick([1_500, 3_000, 6_000]),
  };
}

function weatherOf(dice: Dice, cleans: boolean): Weather {
  const trouble = (): number => dice.pick([0, 0, 0.02, 0.1]);
  return {
    lost: trouble(),
    answerLost: trouble(),
    late: cleans ? dice.pick([0, 0.05, 0.1]) : trouble(),
    throttled: trouble(),
    unknown: trouble(),
    delayMs: dice.pick([2, 10, 50]),
    slow: dice.pick([0, 0, 0.05, 0.25]),
    lateMs: dice.pick(cleans ? [5_000, 60_000, 120_000] : [500, 5_000, 60_000]),
  };
}
