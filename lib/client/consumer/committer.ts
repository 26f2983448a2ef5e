// Commits what is handled. One commit at a time, so that a later one is never overtaken by an earlier one.

import { OFFSETS_PER_REQUEST_MAX } from '../../limits.ts';
import { type ApiClient, pathOf } from '../api-client.ts';
import { objectsOf, offsetOf, placeOf } from '../arguments.ts';
import { errorOf, StratalogClientError, StratalogRequestError } from '../errors.ts';
import {
  partitionKey,
  type TopicPartitionOffset,
  type TopicPartitionOffsetAndMetadata,
} from '../types.ts';
import { type CommitPolicy, isCommitDue } from './commit-policy.ts';
import type { PartitionLease } from './lease.ts';
import type { Identity } from './membership.ts';

export type StoreOffsets = (offsets: readonly TopicPartitionOffset[]) => Promise<void>;

export interface CommitterTools {
  readonly api: ApiClient;
  readonly groupId: string;
  readonly policy: CommitPolicy;
  /** Keeps offsets elsewhere than in the group. */
  readonly storeOffsets: StoreOffsets | undefined;
  readonly identity: () => Identity | undefined;
  readonly leases: () => Iterable<PartitionLease>;
  readonly warn: (message: string) => void;
  readonly committed: (offsets: readonly TopicPartitionOffset[]) => void;
}

interface CommitFailure {
  readonly topic_name: string;
  readonly partition_id: number;
  readonly error_code: number;
  readonly message: string;
  readonly kafka_error_code: number;
  readonly kafka_error: string;
  readonly retriable: boolean;
}

/** Partitions and consumers that go wait for it: it is tried again rather than waited for. */
const COMMIT_TIMEOUT_MS = 10_000;

export class Committer {
  readonly #tools: CommitterTools;
  #last: Promise<unknown> = Promise.resolve();
  #lastAtMs = performance.now();

  constructor(tools: CommitterTools) {
    this.#tools = tools;
  }

  /** Commits these offsets, in the order of the calls. Errors: the first refusal; what wasn't refused is committed. */
  commit(offsets: readonly TopicPartitionOffsetAndMetadata[]): Promise<void> {
    return this.#inOrder(() => objectsOf('offsets', offsets).map(checked));
  }

  /** Commits what is handled of these partitions, all by default, and not committed yet. */
  async commitHandled(leases: Iterable<PartitionLease> = this.#tools.leases()): Promise<void> {
    this.#lastAtMs = performance.now();
    const due = [...leases].filter((lease) => lease.state !== 'lost' && lease.isDirty);
    if (due.length === 0) return;
    for (const lease of due) lease.countFromHere();
    const handled = due.map((lease) => ({ lease, offset: String(lease.tracker.watermark) }));
    // Who waits for its turn may lose a partition meanwhile, and get one of the same name.
    await this.#inOrder(() =>
      handled
        .filter(({ lease }) => lease.state !== 'lost')
        .map(({ lease: { topic, partition }, offset }) => ({ topic, partition, offset })),
    );
  }

  /** The same in passing: that it failed is said, and no drama, since what is handled stays to be committed. */
  commitInPassing(): Promise<void> | undefined {
    return this.commitIfDue()?.catch((error) => {
      this.#tools.warn(`committing failed: ${errorOf(error).message}`);
    });
  }

  /** Commits when the policy says that it is time. */
  commitIfDue(): Promise<void> | undefined {
    const { policy, leases } = this.#tools;
    if (!policy.enabled) return undefined;
    const elapsedMs = performance.now() - this.#lastAtMs;
    // Asked after every record: counting is for those who want it.
    if (policy.threshold === null && elapsedMs < (policy.intervalMs ?? Infinity)) return undefined;
    let handledCount = 0;
    for (const lease of leases()) handledCount += lease.uncommittedCount;
    return isCommitDue(policy, { handledCount, elapsedMs }) ? this.commitHandled() : undefined;
  }

  /** After what was asked for before; what to commit is asked then. */
  #inOrder(offsets: () => readonly TopicPartitionOffsetAndMetadata[]): Promise<void> {
    const commit = this.#last.then(() => this.#send(offsets()));
    this.#last = commit.catch(() => undefined);
    return commit;
  }

  async #send(offsets: readonly TopicPartitionOffsetAndMetadata[]): Promise<void> {
    if (offsets.length === 0) return;
    const leases = new Map([...this.#tools.leases()].map((lease) => [lease.key, lease]));
    const refused = await this.#store(offsets, leases);
    const stored = offsets.filter((one) => !refused.has(partitionKey(one)));
    for (const one of stored) {
      const lease = leases.get(partitionKey(one));
      if (lease !== undefined) lease.committed = Number(one.offset);
    }
    if (stored.length > 0) this.#tools.committed(stored);
    const [refusal] = refused.values();
    if (refusal !== undefined) throw refusal;
  }

  /** The refusals, by partition. */
  async #store(
    offsets: readonly TopicPartitionOffsetAndMetadata[],
    leases: ReadonlyMap<string, PartitionLease>,
  ): Promise<ReadonlyMap<string, Error>> {
    const { storeOffsets } = this.#tools;
    // A program in plain JavaScript may return nothing.
    if (storeOffsets !== undefined) {
      return Promise.resolve(storeOffsets(offsets)).then(() => new Map());
    }
    const refused = new Map<string, Error>();
    for (let start = 0; start < offsets.length; start += OFFSETS_PER_REQUEST_MAX) {
      const some = offsets.slice(start, start + OFFSETS_PER_REQUEST_MAX);
      for (const failure of await this.#post(some, leases)) {
        const place = { topic: failure.topic_name, partition: failure.partition_id };
        const status = Math.trunc(failure.error_code / 100);
        refused.set(partitionKey(place), new StratalogRequestError(failure, { status }));
      }
    }
    return refused;
  }

  async #post(
    offsets: readonly TopicPartitionOffsetAndMetadata[],
    leases: ReadonlyMap<string, PartitionLease>,
  ): Promise<readonly CommitFailure[]> {
    const { api, groupId } = this.#tools;
    const identity = this.#tools.identity();
    if (identity === undefined) {
      throw new StratalogClientError('partition-lost', `no member of group ${groupId} just now`);
    }
    const call = {
      method: 'POST',
      path: pathOf('consumer-groups', groupId, 'offsets'),
      json: {
        member_id: identity.memberId,
        member_epoch: identity.epoch,
        offsets: offsets.map((one) => offsetBody(one, leases.get(partitionKey(one)))),
      },
      retries: 3,
      timeoutMs: COMMIT_TIMEOUT_MS,
    } as const;
    try {
      const answer = await api.json<{ failures: readonly CommitFailure[] }>(call);
      return answer.failures;
    } catch (error) {
      // When nothing was committed the answer is an error, and still says what is wrong with each.
      const failures = error instanceof StratalogRequestError ? error.body.failures : undefined;
      if (Array.isArray(failures) && failures.length > 0) return failures as CommitFailure[];
      throw error;
    }
  }
}

function checked(offset: TopicPartitionOffsetAndMetadata): TopicPartitionOffsetAndMetadata {
  placeOf(offset);
  return offset;
}

function offsetBody(
  { topic, partition, offset, metadata }: TopicPartitionOffsetAndMetadata,
  lease: PartitionLease | undefined,
): Record<string, unknown> {
  if (lease !== undefined) lease.commitCounter += 1;
  return {
    topic_name: topic,
    partition_id: partition,
    offset: offsetOf(offset),
    ...(metadata == null ? {} : { metadata }),
    ...(lease === undefined ? {} : { topic_id: lease.topicId, counter: lease.commitCounter }),
  };
}
