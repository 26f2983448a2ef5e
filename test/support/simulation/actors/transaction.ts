// One instance of a transactional producer, as a good client is: it asks for what it wants until it knows what became of
// it, counts its sequences, and says beforehand what belongs to which transaction, so that what becomes visible can be
// compared with it.

import type { ErrorCode } from '../../../../lib/errors.ts';
import type { TransactionOutcome } from '../../../../lib/log/transaction.ts';
import type { OffsetsRequest } from '../../../../lib/service/transactions/transactions.ts';
import { encodeRecords } from '../batches.ts';
import type { Client, Outcome } from '../client.ts';
import type { Unit, UnitOffset } from '../observation.ts';
import type { Served } from '../server.ts';
import { newIds, type Place, RETRIED } from './sending.ts';

const ATTEMPTS_MAX = 60;
const RETRY_MS = 100;

/** `refused`: it can be aborted, and nothing else. `lost`: fenced, timed out or given up; the next instance goes on. */
export type Verdict = 'done' | 'refused' | 'lost';

const IS_LOST: ReadonlySet<ErrorCode> = new Set([
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
  'INVALID_TXN_STATE',
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
]);

type Answer =
  | { readonly kind: 'staged' | 'ended' | 'partly-wrong' }
  | { readonly kind: 'rejected'; readonly code: ErrorCode };

export class Instance {
  readonly #client: Client;
  readonly #transactionalId: string;
  readonly #producerId: bigint;
  readonly #producerEpoch: number;
  /** Nobody else has its id, so that nobody fences it. */
  readonly #isAlone: boolean;
  readonly #sequences = new Map<string, number>();
  /** Something was refused that may have been staged before: its sequence is taken, and it doesn't know. */
  #isUnsure = false;
  #number: number;

  private constructor(
    client: Client,
    transactionalId: string,
    started: {
      readonly producerId: bigint;
      readonly producerEpoch: number;
      readonly number: number;
      readonly isAlone: boolean;
    },
  ) {
    this.#client = client;
    this.#transactionalId = transactionalId;
    this.#producerId = started.producerId;
    this.#producerEpoch = started.producerEpoch;
    this.#number = started.number;
    this.#isAlone = started.isAlone;
  }

  /** Undefined: nobody has answered. */
  static async start(
    client: Client,
    { transactionalId, isAlone }: { readonly transactionalId: string; readonly isAlone: boolean },
  ): Promise<Instance | undefined> {
    const timeoutMs = client.world.scenario.transactionTimeoutMs;
    const outcome = await client.ask(`init ${transactionalId}`, (served) =>
      served.transactions.init({ transactionalId, timeoutMs }),
    );
    if (outcome.kind !== 'answered' || outcome.answer.kind === 'rejected') return undefined;
    const { producerId, producerEpoch, number } = outcome.answer;
    client.world.report({
      kind: 'initialized',
      who: client.name,
      producerId: Number(producerId),
      producerEpoch,
    });
    return new Instance(client, transactionalId, { producerId, producerEpoch, number, isAlone });
  }

  /** The transaction that is open, or opens next. */
  get unit(): Unit {
    const name = `${this.#transactionalId}/${this.#producerEpoch}/${this.#number}`;
    return { name, who: this.#client.name };
  }

  get #call() {
    return {
      transactionalId: this.#transactionalId,
      producerId: this.#producerId,
      producerEpoch: this.#producerEpoch,
      number: this.#number,
    };
  }

  /** Stages a batch for each place. */
  async stage(places: readonly Place[], number: number): Promise<Verdict> {
    const client = this.#client;
    const { world } = client;
    const parts = places.map((place, index) => {
      const key = `${place.topicName}/${place.partition}`;
      const baseSequence = this.#sequences.get(key) ?? 0;
      const ids = newIds(client, number * 10 + index);
      const producer = {
        producerId: Number(this.#producerId),
        producerEpoch: this.#producerEpoch,
        baseSequence,
      };
      const batches = encodeRecords(ids, world.scheduler.nowMs, producer);
      return { ...place, batches, key, ids, nextSequence: baseSequence + ids.length };
    });
    const ids = parts.flatMap((part) => part.ids);
    const { unit } = this;
    world.report({ kind: 'unit stages', unit, ids });
    const request = { ...this.#call, partitions: parts };
    const verdict = await this.#askUntilKnown(`stage ${ids.join(' ')} in ${unit.name}`, (served) =>
      served.transactions.stage(request),
    );
    if (verdict === 'refused') this.#isUnsure = true;
    if (verdict !== 'done') return verdict;
    for (const { key, nextSequence } of parts) this.#sequences.set(key, nextSequence);
    world.report({ kind: 'unit holds', unit, ids, offsets: [] });
    return 'done';
  }

  async stageOffset(
    consumer: Pick<OffsetsRequest, 'groupId' | 'memberId' | 'memberEpoch'>,
    { from, to, ...place }: UnitOffset & { readonly to: number },
  ): Promise<Verdict> {
    const { unit } = this;
    const offset = { ...place, offset: BigInt(to), metadata: unit.name };
    const request = { ...this.#call, ...consumer, offsets: [offset] };
    const what = `stage offset ${to} of ${place.topicName}/${place.partition} in ${unit.name}`;
    const verdict = await this.#askUntilKnown(what, (served) =>
      served.transactions.stageOffsets(request),
    );
    if (verdict !== 'done') return verdict;
    this.#client.world.report({ kind: 'unit holds', unit, ids: [], offsets: [{ ...place, from }] });
    return 'done';
  }

  async end(outcome: TransactionOutcome): Promise<Verdict> {
    const { unit } = this;
    const { world } = this.#client;
    world.report({ kind: 'unit ends', unit, outcome });
    const request = { ...this.#call, outcome };
    const verb = outcome === 'committed' ? 'commit' : 'abort';
    const verdict = await this.#askUntilKnown(`${verb} ${unit.name}`, (served) =>
      served.transactions.end(request),
    );
    if (verdict !== 'done') return verdict;
    world.report({ kind: 'unit ended', unit, outcome });
    this.#number += 1;
    return 'done';
  }

  async #askUntilKnown(what: string, work: (served: Served) => Promise<Answer>): Promise<Verdict> {
    const { dice, world } = this.#client;
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
      const verdict = this.#judge(await this.#client.ask(what, work));
      if (verdict !== 'again') return verdict;
      if (!world.isEnding && dice.chance(0.03)) return 'lost';
      await this.#client.sleep(dice.waitMs(RETRY_MS));
    }
    return 'lost';
  }

  #judge(outcome: Outcome<Answer>): Verdict | 'again' {
    if (outcome.kind !== 'answered') return 'again';
    const { answer, askedTick } = outcome;
    if (answer.kind === 'partly-wrong') return 'refused';
    if (answer.kind !== 'rejected') return 'done';
    const { code } = answer;
    if (code === 'OUT_OF_ORDER_SEQUENCE_NUMBER') this.#reportRefusal(code, askedTick);
    if (RETRIED.has(code)) return 'again';
    return IS_LOST.has(code) ? 'lost' : 'refused';
  }

  /**
   * Nobody else counts for this epoch, so that only a topic that was created again may not know its sequences: for a
   * while there are servers that stage for the one before it, in vain.
   */
  #reportRefusal(code: ErrorCode, askedTick: number): void {
    const { world, name } = this.#client;
    const topics = new Set([...this.#sequences.keys()].map((key) => key.replace(/\/\d+$/, '')));
    const isReborn = world.log.lives.some(({ endsTick }) => endsTick !== undefined);
    if (isReborn || this.#isUnsure || !this.#isAlone) return;
    const where = { topicName: [...topics].join(', '), partition: -1 };
    world.report({ kind: 'sequence refused', who: name, askedTick, ...where, code });
  }
}
