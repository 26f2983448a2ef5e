// A log in memory with transactions, for tests: the real services over the local adapters, whose requests can meet
// faults, with a clock that the test controls.

import { createServices, type Services } from '../../lib/service/services.ts';
import {
  createTransactionServices,
  type TransactionServices,
} from '../../lib/service/transactions/transaction-services.ts';
import type { TransactionStarted } from '../../lib/service/transactions/transactions.ts';
import { createLocalStorage, type LocalStorage } from '../../lib/storage/local/local-storage.ts';
import { createMember, MEMBER } from '../contract/group-values.ts';
import { batchOf, ManualClock, SeededRandom, Wire } from './test-log.ts';

export type TestServices = Services & TransactionServices;

export interface TransactionLog {
  readonly services: TestServices;
  readonly storage: LocalStorage;
  readonly clock: ManualClock;
  readonly wire: Wire;
  /** Another process over the same storage. */
  another(): TestServices;
}

export function createTransactionLog(): TransactionLog {
  const clock = new ManualClock();
  const wire = new Wire();
  const storage = createLocalStorage({ directory: ':memory:', nowMs: () => clock.nowMs() });
  const ports = {
    partitions: wire.through(storage.partitions),
    topics: wire.through(storage.topics),
    objects: wire.through(storage.objects),
    segments: wire.through(storage.segments),
    producers: wire.through(storage.producers),
    transactions: wire.through(storage.transactions),
    clock,
    invoker: { appendLater: () => Promise.resolve() },
  };
  let seed = 0;
  const another = (): TestServices => {
    seed += 1;
    const all = { ...ports, random: new SeededRandom(seed) };
    return { ...createServices(all), ...createTransactionServices(all) };
  };
  return { services: another(), storage, clock, wire, another };
}

/** One instance of a transactional producer: counts its sequences, as a client does. */
export class TestProducer {
  readonly services: TestServices;
  readonly #transactionalId: string;
  readonly #sequences = new Map<string, number>();
  #started: TransactionStarted | undefined;

  constructor(services: TestServices, transactionalId = 'transfers') {
    this.services = services;
    this.#transactionalId = transactionalId;
  }

  async init(timeoutMs?: number): Promise<void> {
    const transactionalId = this.#transactionalId;
    const started = await this.services.transactions.init({ transactionalId, timeoutMs });
    if (started.kind === 'rejected') throw new Error(started.message);
    this.#started = started;
    this.#sequences.clear();
  }

  get call() {
    if (this.#started === undefined) throw new Error('not initialised');
    const { producerId, producerEpoch, number } = this.#started;
    return { transactionalId: this.#transactionalId, producerId, producerEpoch, number };
  }

  /** Stages one record a partition of a topic; `repeat`: what was staged last, again. */
  async stage(
    topicName: string,
    values: Readonly<Record<number, string>>,
    options: { readonly repeat?: boolean; readonly isTransactional?: boolean } = {},
  ): Promise<string> {
    const { repeat = false, isTransactional = true } = options;
    const { producerId, producerEpoch } = this.call;
    const partitions = Object.entries(values).map(([partition, value]) => {
      const key = `${topicName}/${partition}`;
      const baseSequence = (this.#sequences.get(key) ?? 0) - (repeat ? 1 : 0);
      this.#sequences.set(key, baseSequence + 1);
      const fields = { producerId, producerEpoch, baseSequence, isTransactional };
      return { topicName, partition: Number(partition), batches: batchOf([value], fields) };
    });
    const outcome = await this.services.transactions.stage({ ...this.call, partitions });
    if (outcome.kind === 'partly-wrong') return outcome.results.map(({ code }) => code).join();
    return outcome.kind === 'rejected' ? outcome.code : outcome.kind;
  }

  /** The member's offset of a partition of a topic. */
  async stageOffset(topicName: string, partition: number, offset: bigint, epoch = 3) {
    const outcome = await this.services.transactions.stageOffsets({
      ...this.call,
      ...MEMBER,
      memberEpoch: epoch,
      offsets: [{ topicName, partition, offset, metadata: '' }],
    });
    return outcome.kind === 'rejected' ? outcome.code : outcome.kind;
  }

  /** Ends the transaction; the next one has the next number, whatever came of it. */
  async end(outcome: 'committed' | 'aborted', keepNumber = false): Promise<string> {
    const ended = await this.services.transactions.end({ ...this.call, outcome });
    if (this.#started !== undefined && !keepNumber && ended.kind === 'ended') {
      this.#started = { ...this.#started, number: this.#started.number + 1 };
    }
    return ended.kind === 'rejected' ? ended.code : ended.outcome;
  }
}

/** The member of the group has claimed these partitions. */
export async function claimPartitions(
  storage: Pick<LocalStorage, 'groups' | 'offsets'>,
  topic: { readonly topicId: string; readonly name: string },
  partitions: readonly number[],
): Promise<void> {
  await createMember(storage.groups);
  for (const partition of partitions) {
    const place = { topicId: topic.topicId, topicName: topic.name, partition };
    await storage.offsets.claimFirst({ ...MEMBER, epoch: 3, partition: place });
  }
}
