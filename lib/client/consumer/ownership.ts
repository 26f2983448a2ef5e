// The partitions that this consumer owns: follows what the group assigns, one change at a time.
//
// Ordering (`monotonic-ownership`): a revoked partition is finished, committed and dropped before the next heartbeat
// leaves it out of what is owned; an assigned one is claimed before it is read; and never while a handler of an earlier
// stay of the same partition is still at work in this process.

import type { ApiClient } from '../api-client.ts';
import { errorOf, StratalogRequestError } from '../errors.ts';
import { listOffsets } from '../offsets.ts';
import { partitionKey, type TopicPartition, type TopicPartitions } from '../types.ts';
import { type AssignedPartition, changeBetween } from './assignment.ts';
import { PartitionLease } from './lease.ts';
import type { Identity } from './membership.ts';
import { type Claim, claimPartitions, type FetchOffsets, ownOffsets } from './start-positions.ts';

export interface OwnershipTools {
  readonly api: ApiClient;
  readonly groupId: string;
  readonly identity: () => Identity | undefined;
  /** Asks for a heartbeat now, or this soon. */
  readonly hurry: (delayMs?: number) => void;
  /** Commits what is handled of partitions that go; does nothing where the program commits by itself. */
  readonly commitLast: (leases: readonly PartitionLease[]) => Promise<void>;
  readonly fetchOffsets: FetchOffsets | undefined;
  /** Where to begin where nothing is committed. */
  readonly fallback: (topic: string) => 'earliest' | 'latest';
  /** Takes the offset that was sought before the partition was owned. */
  readonly takeSeek: (key: string) => number | undefined;
  /** There are other leases than before. */
  readonly changed: () => void;
  /** Partitions are to be given up. */
  readonly rebalancing: () => void;
  /** It owns what it is to own, after so long. */
  readonly settled: (durationMs: number) => void;
  readonly warn: (message: string) => void;
}

type ClaimedPartition = Claim & { readonly place: AssignedPartition };

interface Start {
  readonly offset: number;
  readonly isAtEnd?: boolean;
}

const REFUSAL_PAUSE_MS = 100;

export class Ownership {
  readonly #tools: OwnershipTools;
  readonly #leases = new Map<string, PartitionLease>();
  /** Lost ones: their handlers may still be at work, and know what they handled. */
  readonly #former = new Map<string, PartitionLease>();
  #target: readonly AssignedPartition[] = [];
  #isReconciling = false;
  /** Claims in a row that were refused. */
  #refusals = 0;
  /** False from the beginning, and after a loss, so that an assignment of nothing is told as well. */
  #isSettled = false;

  constructor(tools: OwnershipTools) {
    this.#tools = tools;
  }

  leases(): Iterable<PartitionLease> {
    return this.#leases.values();
  }

  find(place: TopicPartition): PartitionLease | undefined {
    return this.#leases.get(partitionKey(place));
  }

  assignment(): TopicPartitions[] {
    const owned = Map.groupBy(this.leases(), ({ topic }) => topic);
    return [...owned].map(([topic, leases]) => ({
      topic,
      partitions: leases.map(({ partition }) => partition).sort((left, right) => left - right),
    }));
  }

  /** The group says what is to be read. */
  assigned(target: readonly AssignedPartition[]): void {
    this.#target = target;
    if (!this.#isReconciling) void this.#reconcile();
  }

  /** Everything is somebody else's from now on. */
  lose(): void {
    this.#target = [];
    this.#isSettled = false;
    for (const lease of this.#leases.values()) this.#drop(lease);
    this.#tools.changed();
  }

  #drop(lease: PartitionLease): void {
    lease.setState('lost');
    this.#former.set(lease.key, lease);
    this.#leases.delete(lease.key);
  }

  /** Topics that were deleted and have followers of the same name: nothing done for them counts any more. */
  #dropReplaced(target: readonly AssignedPartition[]): void {
    for (const { topicId, ...place } of target) {
      const lease = this.find(place);
      if (lease !== undefined && lease.topicId !== topicId) this.#drop(lease);
    }
  }

  async #reconcile(): Promise<void> {
    this.#isReconciling = true;
    const startedAt = performance.now();
    let hasChanged = !this.#isSettled;
    for (let target: readonly AssignedPartition[] | undefined; target !== this.#target; ) {
      target = this.#target;
      this.#dropReplaced(target);
      const { added, revoked } = changeBetween([...this.#leases.values()], target);
      hasChanged ||= added.length + revoked.length > 0;
      if (revoked.length > 0) this.#tools.rebalancing();
      try {
        await Promise.all([this.#giveUp(revoked), this.#takeOver(added)]);
      } catch (error) {
        // What is still missing is tried again after the next heartbeat.
        this.#tools.warn(`taking partitions over failed: ${errorOf(error).message}`);
      }
    }
    this.#isReconciling = false;
    this.#isSettled = changeBetween([...this.#leases.values()], this.#target).added.length === 0;
    if (hasChanged && this.#isSettled) this.#tools.settled(performance.now() - startedAt);
  }

  async #giveUp(revoked: readonly TopicPartition[]): Promise<void> {
    const leases = revoked.map((place) => this.find(place)).filter((lease) => lease !== undefined);
    if (leases.length === 0) return;
    for (const lease of leases) lease.setState('revoking');
    await Promise.all(
      leases.map(async (lease) => {
        await lease.work;
        if (lease.state === 'lost') return;
        await this.#tools.commitLast([lease]);
        if (this.#leases.get(lease.key) === lease) this.#leases.delete(lease.key);
      }),
    );
    this.#tools.changed();
    this.#tools.hurry();
  }

  async #takeOver(added: readonly AssignedPartition[]): Promise<void> {
    if (added.length === 0) return;
    await Promise.all(added.map((place) => this.#former.get(partitionKey(place))?.work));
    const identity = this.#tools.identity();
    if (identity === undefined) return;
    const ids = new Map(added.map((one) => [partitionKey(one), one.topicId]));
    const claims = (await this.#claim(identity, added)).map((claim) => ({
      ...claim,
      place: { ...claim.place, topicId: ids.get(partitionKey(claim.place)) ?? '' },
    }));
    this.#refusals = claims.length < added.length ? this.#refusals + 1 : 0;
    // The assignment has moved on: the next heartbeat says where to.
    if (this.#refusals > 0) this.#tools.hurry(REFUSAL_PAUSE_MS * (2 ** (this.#refusals - 1) - 1));
    if (claims.length === 0) return;
    const starts = await this.#starts(claims);
    // Meanwhile it may have been put out of the group: then these claims are as void as its other partitions.
    if (this.#tools.identity()?.memberId !== identity.memberId) return;
    const fresh: PartitionLease[] = [];
    for (const [index, { place, committed, counter }] of claims.entries()) {
      const start = starts[index];
      if (start === undefined || this.find(place) !== undefined) continue;
      const lease = new PartitionLease(place, { ...start, committed, counter });
      this.#former.delete(lease.key);
      this.#leases.set(lease.key, lease);
      if (start.isAtEnd === true) fresh.push(lease);
    }
    this.#tools.changed();
    // Once in a group's life: whoever comes next goes on here, and doesn't pass over what is written meanwhile.
    if (fresh.length > 0) void this.#tools.commitLast(fresh);
  }

  async #claim(
    identity: Identity,
    partitions: readonly TopicPartition[],
  ): Promise<readonly Claim[]> {
    const { api, groupId } = this.#tools;
    try {
      return await claimPartitions(api, groupId, identity, partitions);
    } catch (error) {
      if (!(error instanceof StratalogRequestError) || error.status !== 409) throw error;
      return [];
    }
  }

  /** One for each claim; undefined: nobody knows. */
  async #starts(claims: readonly ClaimedPartition[]): Promise<readonly (Start | undefined)[]> {
    const { api, fetchOffsets, fallback } = this.#tools;
    const places = claims.map(({ place }) => place);
    const own = fetchOffsets === undefined ? undefined : await ownOffsets(fetchOffsets, places);
    const known = claims.map((claim) => this.#knownOffset(claim, own));
    const unknown = places.filter((_, index) => known[index] === undefined);
    const beginnings = unknown.filter(({ topic }) => fallback(topic) === 'earliest');
    const endings = unknown.filter(({ topic }) => fallback(topic) === 'latest');
    const [earliest, latest] = await Promise.all([
      listOffsets(api, beginnings, { kind: 'earliest' }),
      listOffsets(api, endings, { kind: 'latest' }),
    ]);
    return places.map((place, index) => {
      const key = partitionKey(place);
      const offset = known[index] ?? earliest.get(key);
      if (offset !== undefined) return { offset };
      const end = latest.get(key);
      return end === undefined ? undefined : { offset: end, isAtEnd: true };
    });
  }

  /** Sought, or as the program's own store says, or where this process had come to, or committed. */
  #knownOffset(
    { place, committed }: ClaimedPartition,
    own: ReadonlyMap<string, number> | undefined,
  ): number | undefined {
    const key = partitionKey(place);
    const sought = this.#tools.takeSeek(key);
    if (sought !== undefined) return sought;
    if (own !== undefined) return own.get(key);
    const former = this.#former.get(key);
    const isUntouched = former?.topicId === place.topicId && former.committed === committed;
    return isUntouched ? former.tracker.watermark : committed;
  }
}
