// A log with consumer groups in memory for tests: the real services over the local adapters. Each process has services
// of its own over one storage; the storage's clock moves only when a test says so.

import type { Rejected } from '../../lib/errors.ts';
import type { Assignment } from '../../lib/group/assignment.ts';
import type { Clock } from '../../lib/ports/environment.ts';
import type { MemberAnswer } from '../../lib/service/group/answer.ts';
import { createGroupService, type GroupService } from '../../lib/service/group/groups.ts';
import { createOffsetService, type OffsetService } from '../../lib/service/group/offsets.ts';
import type { GroupTools } from '../../lib/service/group/tools.ts';
import { createOffsetFinder } from '../../lib/service/read/offset-finder.ts';
import { createRangeReader } from '../../lib/service/read/range-reader.ts';
import { createSegmentHints } from '../../lib/service/read/segment-hints.ts';
import { createTopicCatalog } from '../../lib/service/topics/topic-catalog.ts';
import { createLocalStorage } from '../../lib/storage/local/local-storage.ts';
import { createTestLog, SeededRandom, type TestLog } from './test-log.ts';

export interface TestProcess {
  readonly groups: GroupService;
  readonly offsets: OffsetService;
}

export interface TestGroups extends TestProcess {
  readonly log: TestLog;
  readonly stores: Pick<GroupTools['ports'], 'groups' | 'offsets'>;
  /** The same, past whatever requests pass: for a look from outside. */
  readonly items: Pick<GroupTools['ports'], 'groups' | 'offsets'>;
  /** Another process over the same storage. */
  another(options?: { readonly clockSkewMs: number }): TestProcess;
  createTopic(name: string, partitionsCount: number): Promise<void>;
}

/** `through`: what every request to the group's stores passes; the log's wire when absent. */
export function createTestGroups(
  options: { readonly through?: <Port extends object>(port: Port) => Port } = {},
): TestGroups {
  const log = createTestLog();
  const through = options.through ?? ((port) => log.wire.through(port));
  const items = createLocalStorage({ directory: ':memory:', nowMs: () => log.clock.nowMs() });
  const stores = {
    groups: through(items.groups),
    offsets: through(items.offsets),
  };
  let seed = 100;
  const another = ({ clockSkewMs } = { clockSkewMs: 0 }): TestProcess => {
    seed += 1;
    const clock: Clock = {
      nowMs: () => log.clock.nowMs() + clockSkewMs,
      sleep: (delayMs) => log.clock.sleep(delayMs),
    };
    const random = new SeededRandom(seed);
    const ports = { ...log.storage, ...stores, clock, random, access: undefined };
    const catalog = createTopicCatalog(ports);
    const ranges = createRangeReader(ports);
    const reading = { catalog, ranges, hints: createSegmentHints() };
    const listOffsets = createOffsetFinder(ports, reading);
    const tools = { ports, catalog, listOffsets };
    return { groups: createGroupService(ports), offsets: createOffsetService(tools) };
  };
  return {
    ...another(),
    log,
    stores,
    items,
    another,
    async createTopic(name, partitionCount) {
      const created = await log.services.topics.create({ name, partitionCount });
      if (created.kind === 'rejected') throw new Error(created.message);
    },
  };
}

/** A consumer as a good client is: it heartbeats, gives up, claims what is new, and counts its commits. */
export class TestConsumer {
  readonly #process: TestProcess;
  readonly #groupId: string;
  memberId = '';
  epoch = 0;
  counter = 0;
  /** By `topic/partition`: where to read on, and the number of the last commit. */
  readonly positions = new Map<string, { offset: bigint; counter: number }>();

  constructor(process: TestProcess, groupId = 'billing') {
    this.#process = process;
    this.#groupId = groupId;
  }

  get owned(): readonly string[] {
    return [...this.positions.keys()].sort();
  }

  async join(
    more: Partial<Parameters<GroupService['join']>[0]> = {},
  ): Promise<MemberAnswer | Rejected> {
    const answer = await this.#process.groups.join({
      groupId: this.#groupId,
      topicNames: ['orders'],
      ...more,
    });
    if (answer.kind === 'member') {
      this.memberId = answer.memberId;
      this.counter = answer.counter;
      await this.adopt(answer);
    }
    return answer;
  }

  /** One heartbeat, whose answer isn't acted upon. */
  async beat(
    more: Partial<Parameters<GroupService['heartbeat']>[0]> = {},
  ): Promise<MemberAnswer | Rejected> {
    this.counter += 1;
    return this.#process.groups.heartbeat({
      groupId: this.#groupId,
      memberId: this.memberId,
      memberEpoch: this.epoch,
      owned: this.#ownedByTopic(),
      counter: this.counter,
      ...more,
    });
  }

  async heartbeat(
    more: Partial<Parameters<GroupService['heartbeat']>[0]> = {},
  ): Promise<MemberAnswer | Rejected> {
    const answer = await this.beat(more);
    if (answer.kind === 'member') await this.adopt(answer);
    return answer;
  }

  /** Gives up what it isn't told any more, and claims what it is told anew. */
  async adopt(answer: MemberAnswer): Promise<void> {
    this.epoch = answer.memberEpoch;
    const told = answer.assignment.flatMap(({ topicName, partitions }) =>
      partitions.map((partition) => ({ topicName, partition })),
    );
    const names = new Set(told.map(({ topicName, partition }) => `${topicName}/${partition}`));
    for (const name of this.owned) if (!names.has(name)) this.positions.delete(name);
    const partitions = told.filter(
      ({ topicName, partition }) => !this.positions.has(`${topicName}/${partition}`),
    );
    if (partitions.length === 0) return;
    const claimed = await this.#process.offsets.claim({
      groupId: this.#groupId,
      memberId: this.memberId,
      memberEpoch: this.epoch,
      partitions,
    });
    if (claimed.kind === 'rejected') return;
    for (const result of claimed.results) {
      if (result.kind === 'rejected') continue;
      const { topicName, partition, offset = 0n, counter } = result;
      this.positions.set(`${topicName}/${partition}`, { offset, counter });
    }
  }

  async commit(
    name: string,
    offset: bigint,
    more: { counter?: number; memberEpoch?: number } = {},
  ): Promise<string> {
    const [topicName = '', partition = ''] = name.split('/');
    const position = this.positions.get(name);
    const counter = more.counter ?? (position?.counter ?? 0) + 1;
    if (position !== undefined) this.positions.set(name, { offset, counter });
    const outcome = await this.#process.offsets.commit({
      groupId: this.#groupId,
      member: { memberId: this.memberId, memberEpoch: more.memberEpoch ?? this.epoch },
      offsets: [{ topicName, partition: Number(partition), offset, counter }],
    });
    if (outcome.kind === 'rejected') return outcome.code;
    const [result] = outcome.results;
    if (result?.kind === 'rejected') return result.code;
    return result?.superseded === true ? 'superseded' : 'committed';
  }

  leave(more: Partial<Parameters<GroupService['leave']>[0]> = {}) {
    return this.#process.groups.leave({ groupId: this.#groupId, memberId: this.memberId, ...more });
  }

  #ownedByTopic() {
    return this.owned.map((name) => {
      const [topicName = '', partition = ''] = name.split('/');
      return { topicName, partitions: [Number(partition)] };
    });
  }
}

/** Everybody heartbeats until nobody hears anything new. How many heartbeats that took, each. */
export async function converge(consumers: readonly TestConsumer[]): Promise<number> {
  for (let rounds = 1; ; rounds += 1) {
    const before = consumers.map(({ epoch }) => epoch);
    let settled = true;
    for (const consumer of consumers) {
      const answer = await consumer.heartbeat();
      if (answer.kind === 'rejected') throw new Error(`${consumer.memberId}: ${answer.message}`);
      settled &&= answer.phase === 'stable';
    }
    if (settled && consumers.every(({ epoch }, index) => epoch === before[index])) return rounds;
    if (rounds > 50) throw new Error('the group does not converge');
  }
}

/** Partitions by topic name. */
export function partsOf(assignment: Assignment): Readonly<Record<string, readonly number[]>> {
  return Object.fromEntries(assignment.map(({ topicName, partitions }) => [topicName, partitions]));
}

/** For groups whose assignment a test can say beforehand. */
export const RANGE = { assignor: 'range' };

/** Consumers of processes of their own, joined one by one and settled. */
export async function consumersOf(
  test: TestGroups,
  count: number,
  more: Parameters<TestConsumer['join']>[0] = RANGE,
): Promise<TestConsumer[]> {
  const consumers: TestConsumer[] = [];
  for (let index = 0; index < count; index += 1) {
    const consumer = new TestConsumer(test.another());
    // Member ids are made of the time, so that they sort as members came.
    test.log.clock.timeMs += 1;
    await consumer.join(more);
    consumers.push(consumer);
    await converge(consumers);
  }
  return consumers;
}

export async function ordersGroup(partitionCount = 3): Promise<TestGroups> {
  const test = createTestGroups();
  await test.createTopic('orders', partitionCount);
  return test;
}

/** Time passes while these heartbeat, every second. */
export async function passSeconds(
  test: TestGroups,
  seconds: number,
  beating: readonly TestConsumer[] = [],
): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    test.log.clock.timeMs += 1_000;
    for (const consumer of beating) await consumer.heartbeat();
  }
}

export function memberOf(answer: Awaited<ReturnType<TestConsumer['join']>>): MemberAnswer {
  if (answer.kind === 'rejected') throw new Error(answer.message);
  return answer;
}
