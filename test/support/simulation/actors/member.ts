// A consumer in a group, as a good client is: it heartbeats, gives up what it isn't told any more before it says so,
// claims what is new before it reads it, reads on from what was committed, and counts its commits. It knows topics by
// name, as any program may. Now and then it commits late what it had given up, by id: a handler that was slow.

import type { Rejected } from '../../../../lib/errors.ts';
import type { Assignment } from '../../../../lib/group/assignment.ts';
import type { MemberAnswer } from '../../../../lib/service/group/answer.ts';
import type { Client } from '../client.ts';
import { groupPartition } from '../group-model.ts';
import { ExactlyOnce } from './exactly-once.ts';
import { reportRead } from './reader.ts';
import { topicNames } from './sending.ts';

export const GROUP_ID = 'group';
const REBALANCE_TIMEOUT_MS = 4_000;

/** Chance that it commits, at a time, for a partition that it had. */
const LATE_COMMIT = 0.05;

interface Position {
  readonly topicName: string;
  /** Of the topic that it claimed. */
  readonly topicId: string;
  readonly partition: number;
  offset: number;
  /** What was committed last, as far as the member knows. */
  committed: number;
  counter: number;
}

export class Member {
  readonly #client: Client;
  readonly #groupId = GROUP_ID;
  memberId = '';
  isIn = false;
  #epoch = 0;
  #counter = 0;
  #nextBeatMs = 0;
  /** Stops by itself when its lease may have run out; others go on until they are told. */
  readonly #isCareful: boolean;
  /** Heartbeats when its lease is about to run out, or has: whoever evicts it meets its heartbeat. */
  readonly #isLazy: boolean;
  /** Until when its lease surely runs, by what it knows itself. */
  #sureUntilMs = 0;
  #assignment: Assignment = [];
  /** Of what it is told to use: since which epoch. */
  #toldSince: ReadonlyMap<string, number> = new Map();
  #isClaiming = false;
  #beating: Promise<void> = Promise.resolve();
  readonly #exactlyOnce: ExactlyOnce | undefined;
  /** What it uses, by name and partition. */
  readonly positions = new Map<string, Position>();
  /** What it gave up last. */
  #former: Position | undefined;

  constructor(client: Client) {
    this.#client = client;
    this.#isLazy = client.dice.chance(0.3);
    this.#isCareful = !this.#isLazy && client.dice.chance(0.5);
    this.#exactlyOnce = client.world.scenario.exactlyOnce ? new ExactlyOnce(client) : undefined;
  }

  get phaseIsSettled(): boolean {
    return this.isIn && this.positions.size === placesOf(this.#assignment).length;
  }

  async step(): Promise<void> {
    if (!this.isIn) {
      await this.#join();
      return;
    }
    const { scheduler } = this.#client.world;
    if (this.#isCareful && scheduler.nowMs >= this.#sureUntilMs) this.stop();
    else if (scheduler.nowMs >= this.#nextBeatMs) await this.#beat();
    else await this.#consume();
  }

  /** Whatever it has asked for is answered, or nobody waits for it any more. */
  async rest(): Promise<void> {
    await this.#beating;
  }

  async leave(): Promise<void> {
    const { memberId } = this;
    const temporarily = this.#instanceId !== undefined && this.#client.dice.chance(0.5);
    const counter = this.#counter + 1;
    const memberEpoch = this.#epoch;
    this.stop();
    await this.#client.ask(`leave ${short(memberId)}`, (served) =>
      served.groups.leave({ groupId: this.#groupId, memberId, temporarily, counter, memberEpoch }),
    );
  }

  /** Uses nothing any more. */
  stop(): void {
    for (const name of [...this.positions.keys()]) this.#drop(name);
    this.isIn = false;
    this.#assignment = [];
    this.#toldSince = new Map();
  }

  get #instanceId(): string | undefined {
    return this.#client.world.scenario.staticMembers ? this.#client.name : undefined;
  }

  async #join(): Promise<void> {
    const { world } = this.#client;
    const { sessionTimeoutMs } = world.scenario;
    const sentMs = world.scheduler.nowMs;
    const outcome = await this.#client.ask('join', (served) =>
      served.groups.join({
        groupId: this.#groupId,
        topicNames: [...topicNames(this.#client)],
        instanceId: this.#instanceId,
        sessionTimeoutMs,
        rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
      }),
    );
    if (outcome.kind !== 'answered' || outcome.answer.kind === 'rejected') return;
    const { answer } = outcome;
    this.memberId = answer.memberId;
    this.isIn = true;
    this.#epoch = 0;
    this.#counter = answer.counter;
    await this.#adopt(answer, sentMs);
  }

  /** Waits for the answer, or goes on with other things meanwhile. */
  async #beat(): Promise<void> {
    const { world, name, dice } = this.#client;
    this.#nextBeatMs = world.scheduler.nowMs + world.scenario.sessionTimeoutMs / 3;
    this.#beating = this.#heartbeat();
    if (dice.chance(0.5)) await this.#beating;
    else world.watch(name, this.#beating);
  }

  async #heartbeat(): Promise<void> {
    const { world } = this.#client;
    const { memberId } = this;
    this.#counter += 1;
    const sentMs = world.scheduler.nowMs;
    const request = {
      groupId: this.#groupId,
      memberId,
      memberEpoch: this.#epoch,
      owned: this.#ownedByTopic(),
      counter: this.#counter,
    };
    const outcome = await this.#client.ask(
      `heartbeat ${short(memberId)} at ${this.#epoch}`,
      (served) => served.groups.heartbeat(request),
    );
    if (outcome.kind !== 'answered' || !this.isIn || this.memberId !== memberId) return;
    const { answer } = outcome;
    if (answer.kind === 'member') await this.#adopt(answer, sentMs);
    else if (isFatal(answer)) this.stop();
  }

  async #adopt(answer: MemberAnswer, sentMs: number): Promise<void> {
    const { sessionTimeoutMs } = this.#client.world.scenario;
    this.#sureUntilMs = Math.max(this.#sureUntilMs, sentMs + sessionTimeoutMs);
    this.#nextBeatMs = this.#client.world.scheduler.nowMs + this.#pauseMs(answer);
    if (answer.memberEpoch < this.#epoch) return;
    this.#epoch = answer.memberEpoch;
    this.#assignment = answer.assignment;
    const told = new Map(
      placesOf(answer.assignment)
        .map(placeText)
        .map((name) => [name, this.#toldSince.get(name) ?? this.#epoch] as const),
    );
    this.#toldSince = told;
    for (const name of [...this.positions.keys()]) if (!told.has(name)) this.#drop(name);
    // Or later, when it consumes: a heartbeat may be on its way by then.
    if (this.#client.dice.chance(0.7)) await this.#claimNew();
  }

  #pauseMs({ heartbeatIntervalMs }: MemberAnswer): number {
    const { dice, world } = this.#client;
    if (!this.#isLazy || world.isEnding) return heartbeatIntervalMs;
    return world.scenario.sessionTimeoutMs * (0.8 + 0.4 * dice.next());
  }

  /** One claim after the other: what is claimed twice would be read from two places. */
  async #claimNew(): Promise<void> {
    if (this.#isClaiming) return;
    this.#isClaiming = true;
    await this.#claimMissing();
    this.#isClaiming = false;
  }

  /** What it is told to use and doesn't use yet: all of it, or one and the others later. */
  #missing() {
    const missing = placesOf(this.#assignment).filter(
      (place) => !this.positions.has(placeText(place)),
    );
    return this.#client.dice.chance(0.3) ? missing.slice(0, 1) : missing;
  }

  async #claimMissing(): Promise<void> {
    const { memberId } = this;
    const partitions = this.#missing();
    if (partitions.length === 0) return;
    if (this.#exactlyOnce !== undefined && !(await this.#exactlyOnce.prepare())) return;
    const memberEpoch = this.#epoch;
    const request = { groupId: this.#groupId, memberId, memberEpoch, partitions };
    const outcome = await this.#client.ask(`claim for ${short(memberId)}`, (served) =>
      served.offsets.claim(request),
    );
    if (outcome.kind !== 'answered' || this.memberId !== memberId) return;
    if (outcome.answer.kind === 'rejected') {
      if (isFatal(outcome.answer)) this.stop();
      return;
    }
    for (const result of outcome.answer.results) {
      const name = placeText(result);
      // It may have been told otherwise meanwhile.
      const since = this.#toldSince.get(name) ?? Number.POSITIVE_INFINITY;
      if (result.kind === 'rejected' || since > memberEpoch) continue;
      const { topicName, topicId, partition, counter } = result;
      const offset = Number(result.offset ?? 0n);
      this.#use(name, { topicName, topicId, partition, offset, committed: offset, counter });
    }
  }

  /** Reads some, and commits what it has read, mostly. */
  async #consume(): Promise<void> {
    const { dice } = this.#client;
    if (this.positions.size < placesOf(this.#assignment).length && dice.chance(0.3)) {
      await this.#claimNew();
      return;
    }
    if (this.#isLate()) {
      if (this.#former !== undefined) await this.#commit('', this.#former);
      return;
    }
    if (this.positions.size === 0) return;
    const [name, position] = dice.pick([...this.positions]);
    if (dice.chance(0.7)) await this.#fetch(position);
    if (!this.positions.has(name)) return;
    if (this.#exactlyOnce === undefined) await this.#commit(name, position);
    else await this.#commitWithWork(this.#exactlyOnce, name, position);
  }

  #isLate(): boolean {
    if (this.#former === undefined || this.#exactlyOnce !== undefined) return false;
    return !this.positions.has(placeText(this.#former)) && this.#client.dice.chance(LATE_COMMIT);
  }

  async #fetch(position: Position): Promise<void> {
    const { topicName, partition, offset } = position;
    const partitions = [{ topicName, partition, offset: BigInt(offset) }];
    const limits = { maxBytes: 1_000, minBytes: 0, maxWaitMs: 0 };
    const outcome = await this.#client.ask(
      `fetch ${topicName}/${partition} from ${offset}`,
      (served) => served.read.fetch({ deliver: 'bytes', partitions, ...limits }),
    );
    const result = outcome.kind === 'answered' ? outcome.answer[0] : undefined;
    if (result === undefined || outcome.kind !== 'answered') return;
    const end = reportRead(this.#client, { result, offset }, outcome.askedTick);
    const isRefused = end === undefined && result.kind === 'rejected';
    position.offset = isRefused ? Number(result.logStartOffset ?? 0n) : (end ?? offset);
  }

  async #commit(name: string, position: Position): Promise<void> {
    const { memberId } = this;
    position.counter += 1;
    const { topicName, topicId, partition, counter } = position;
    const offset = BigInt(position.offset);
    // What it owns it says by name, as any program may; what it gave up only the id tells from what it got instead.
    const isLate = position === this.#former;
    const request = {
      groupId: this.#groupId,
      member: { memberId, memberEpoch: this.#epoch },
      offsets: [{ topicName, partition, offset, counter, ...(isLate ? { topicId } : {}) }],
    };
    const outcome = await this.#client.ask(
      `commit ${topicName}/${partition} at ${offset} for ${short(memberId)}`,
      (served) => served.offsets.commit(request),
    );
    if (outcome.kind !== 'answered' || outcome.answer.kind === 'rejected') return;
    const [result] = outcome.answer.results;
    if (result?.kind === 'committed') {
      const heard = {
        groupId: this.#groupId,
        memberId,
        partition: { topicId, partition },
        counter,
      };
      this.#client.world.report({ kind: 'commit heard', ...heard });
    }
    if (result?.kind === 'rejected' && result.code === 'FENCED_MEMBER_EPOCH') this.stop();
    else if (result?.kind === 'rejected' && result.code === 'STALE_MEMBER_EPOCH') this.#drop(name);
  }

  async #commitWithWork(exactlyOnce: ExactlyOnce, name: string, position: Position): Promise<void> {
    const { topicName, partition, committed: from, offset: to } = position;
    const outcome = await exactlyOnce.handle({
      groupId: this.#groupId,
      memberId: this.memberId,
      memberEpoch: this.#epoch,
      topicName,
      partition,
      from,
      to,
    });
    if (outcome === 'done') position.committed = to;
    else this.#drop(name);
  }

  #use(name: string, position: Position): void {
    this.positions.set(name, position);
    this.#report('used', position);
  }

  #drop(name: string): void {
    const position = this.positions.get(name);
    if (position === undefined) return;
    this.positions.delete(name);
    this.#former = position;
    this.#report('unused', position);
  }

  #report(kind: 'used' | 'unused', position: Position): void {
    const full = groupPartition(this.#groupId, position);
    const { memberId } = this;
    this.#client.note(() => `${kind} ${position.topicId}/${position.partition}`);
    this.#client.world.report({
      kind,
      groupId: this.#groupId,
      memberId,
      partition: full.slice(this.#groupId.length + 1),
    });
  }

  #ownedByTopic() {
    return [...this.positions.values()].map(({ topicName, partition }) => ({
      topicName,
      partitions: [partition],
    }));
  }
}

interface Place {
  readonly topicName: string;
  readonly partition: number;
}

/** What a client sees of an assignment. */
function placesOf(assignment: Assignment): readonly Place[] {
  return assignment.flatMap(({ topicName, partitions }) =>
    partitions.map((partition) => ({ topicName, partition })),
  );
}

function placeText({ topicName, partition }: Place): string {
  return `${topicName}/${partition}`;
}

function isFatal({ code }: Rejected): boolean {
  return (
    code === 'UNKNOWN_MEMBER_ID' || code === 'FENCED_MEMBER_EPOCH' || code === 'FENCED_INSTANCE_ID'
  );
}

function short(memberId: string): string {
  return memberId.slice(-4);
}
