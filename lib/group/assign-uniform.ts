// The default assignor: everybody gets as many partitions as everybody else, to within one, and as few as possible
// move. Members may subscribe to different topics; then nobody could be relieved for somebody with two or more fewer.
//
// 1. Everybody keeps what it had, if it still may.
// 2. What nobody has goes, in order, to whoever has least.
// 3. While somebody has at least two more than somebody whom its partitions can reach, one partition moves along the
//    shortest way from the first to the second. With equal subscriptions a way has one step, and when one member joins
//    no more than its fair share moves: ceil(partitions / members).

import { required } from '../assert.ts';
import { assignmentOf } from './assignment.ts';
import { type Assignor, type AssignorInput, compareMembers, compareTexts } from './assignor.ts';

/** A member while partitions are dealt. */
interface Hand {
  readonly memberId: string;
  readonly topicIds: ReadonlySet<string>;
  /** By topic id. */
  readonly previous: ReadonlyMap<string, ReadonlySet<number>>;
  /** By topic id; no empty sets. */
  readonly held: Map<string, Set<number>>;
  load: number;
}

/** One step on the way a partition of `topicId` takes. */
interface Step {
  readonly from: Hand;
  readonly topicId: string;
}

interface Move extends Step {
  readonly to: Hand;
}

export const assignUniform: Assignor = (input) => {
  const hands = [...input.members].sort(compareMembers).map(
    ({ memberId, topicIds, previous }): Hand => ({
      memberId,
      topicIds,
      previous: new Map(previous.map((topic) => [topic.topicId, new Set(topic.partitions)])),
      held: new Map(),
      load: 0,
    }),
  );
  const subscribers = new Map(
    input.topics.map(({ topicId }) => [
      topicId,
      hands.filter(({ topicIds }) => topicIds.has(topicId)),
    ]),
  );
  dealOut(input, subscribers);
  balance(hands, subscribers);
  const names = new Map(input.topics.map(({ topicId, name }) => [topicId, name]));
  return new Map(
    hands.map(({ memberId, held }) => [
      memberId,
      assignmentOf(
        [...held].map(([topicId, partitions]) => ({
          topicId,
          topicName: required(names.get(topicId), 'topic name'),
          partitions: [...partitions],
        })),
      ),
    ]),
  );
};

/** Rules 1 and 2. */
function dealOut(
  { topics }: AssignorInput,
  subscribers: ReadonlyMap<string, readonly Hand[]>,
): void {
  const left: (readonly [topicId: string, partition: number])[] = [];
  for (const { topicId, partitionCount } of topics) {
    const keepers = keepersOf(topicId, subscribers.get(topicId) ?? []);
    for (let partition = 0; partition < partitionCount; partition += 1) {
      const keeper = keepers.get(partition);
      if (keeper === undefined) left.push([topicId, partition]);
      else give(keeper, topicId, partition);
    }
  }
  for (const [topicId, partition] of left) {
    const receiver = leastLoaded(subscribers.get(topicId) ?? []);
    if (receiver !== undefined) give(receiver, topicId, partition);
  }
}

/** By partition of the topic: the subscriber that had it before. */
function keepersOf(topicId: string, subscribers: readonly Hand[]): ReadonlyMap<number, Hand> {
  const keepers = new Map<number, Hand>();
  for (const hand of subscribers) {
    for (const partition of hand.previous.get(topicId) ?? []) {
      if (!keepers.has(partition)) keepers.set(partition, hand);
    }
  }
  return keepers;
}

/** Rule 3. Every round lowers the sum of squared loads, so it ends. */
function balance(hands: readonly Hand[], subscribers: ReadonlyMap<string, readonly Hand[]>): void {
  let moved = true;
  while (moved) {
    moved = false;
    const least = leastLoaded(hands)?.load ?? 0;
    const givers = hands
      .filter(({ load }) => load >= least + 2)
      .sort((left, right) => right.load - left.load || compareTexts(left.memberId, right.memberId));
    for (const giver of givers) {
      const moves = wayToRelief(giver, subscribers);
      if (moves === undefined) continue;
      for (const step of moves) move(step);
      moved = true;
      break;
    }
  }
}

/** The shortest way on which a partition can leave `giver` so that a member with at least two fewer gets one more. */
function wayToRelief(
  giver: Hand,
  subscribers: ReadonlyMap<string, readonly Hand[]>,
): readonly Move[] | undefined {
  const reachedBy = reachFrom(giver, subscribers);
  const receiver = leastLoaded([...reachedBy.keys()]);
  if (receiver === undefined || receiver.load > giver.load - 2) return undefined;
  const moves: Move[] = [];
  for (let to = receiver, step = reachedBy.get(to); step !== undefined; step = reachedBy.get(to)) {
    moves.push({ ...step, to });
    to = step.from;
  }
  return moves;
}

/** Breadth first: everybody whom a partition can reach from `giver`, hand to hand, and the last step of the way. */
function reachFrom(
  giver: Hand,
  subscribers: ReadonlyMap<string, readonly Hand[]>,
): ReadonlyMap<Hand, Step | undefined> {
  const reachedBy = new Map<Hand, Step | undefined>([[giver, undefined]]);
  const topicsSeen = new Set<string>();
  // What is reached is appended while the loop goes on.
  for (const from of reachedBy.keys()) {
    for (const topicId of from.held.keys()) {
      if (topicsSeen.has(topicId)) continue;
      topicsSeen.add(topicId);
      const receivers = (subscribers.get(topicId) ?? []).filter((hand) => !reachedBy.has(hand));
      for (const hand of receivers) reachedBy.set(hand, { from, topicId });
    }
  }
  return reachedBy;
}

/** Moves one partition of the topic: rather one that `to` had before, then one that `from` hadn't; of these the last. */
function move({ from, to, topicId }: Move): void {
  const before = from.previous.get(topicId);
  const back = to.previous.get(topicId);
  const worth = (partition: number): number => {
    if (back?.has(partition)) return 2;
    return before?.has(partition) ? 0 : 1;
  };
  let chosen = -1;
  for (const partition of required(from.held.get(topicId), 'partitions of the topic')) {
    const gain = chosen < 0 ? 1 : worth(partition) - worth(chosen);
    if (gain > 0 || (gain === 0 && partition > chosen)) chosen = partition;
  }
  take(from, topicId, chosen);
  give(to, topicId, chosen);
}

function give(hand: Hand, topicId: string, partition: number): void {
  const partitions = hand.held.get(topicId) ?? new Set();
  hand.held.set(topicId, partitions.add(partition));
  hand.load += 1;
}

function take(hand: Hand, topicId: string, partition: number): void {
  const partitions = required(hand.held.get(topicId), 'partitions of the topic');
  partitions.delete(partition);
  if (partitions.size === 0) hand.held.delete(topicId);
  hand.load -= 1;
}

/** The first of those with the least. */
function leastLoaded(hands: readonly Hand[]): Hand | undefined {
  let least = hands[0];
  for (const hand of hands) {
    if (least === undefined || hand.load < least.load) least = hand;
  }
  return least;
}
