// A consumer's place in its group: joins, heartbeats by a timer of its own (a handler may take as long as it likes), and
// joins again when the group has put it out. What partitions mean is not known here.

import { randomBytes } from 'node:crypto';
import { ULID_RANDOM_BYTES, ulidOf } from '../../ids.ts';
import { type ApiClient, pathOf } from '../api-client.ts';
import { backoffMs, isTransient, pause, RETRY_DEFAULTS } from '../backoff.ts';
import { errorOf, isKafkaError, StratalogClientError } from '../errors.ts';
import {
  type AssignedPartition,
  type AssignedTopic,
  assignmentOf,
  partitionsOf,
} from './assignment.ts';

export interface MembershipConfig {
  readonly groupId: string;
  readonly instanceId?: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly assignor?: string;
  /** Milliseconds; default: what the group asks for. */
  readonly heartbeatIntervalMs?: number;
}

export interface WantedTopics {
  readonly names: readonly string[];
  /** Of whole names. */
  readonly regex?: string;
}

/** Who somebody is in the group; commits and claims carry it. */
export interface Identity {
  readonly memberId: string;
  readonly epoch: number;
}

export interface MembershipListener {
  /** What it uses now, what it is still giving up included. */
  owned(): Iterable<AssignedPartition>;
  /** What it is to use; called after every answer, changed or not. */
  assigned(target: readonly AssignedPartition[]): void;
  /** It is out of the group: what it owned is somebody else's. It joins again by itself. */
  fenced(error: Error): void;
  heartbeat(identity: Identity): void;
  /** It can't join yet, and goes on trying. */
  waiting(error: Error): void;
  /** It can't be a member, and trying again won't help. */
  failed(error: Error): void;
}

interface MemberAnswer {
  readonly member_id: string;
  /** The last one that counted; the next request's is larger. */
  readonly counter: number;
  readonly member_epoch: number;
  readonly heartbeat_interval_ms: number;
  readonly assignment: readonly AssignedTopic[];
}

/** Errors that say: this membership is over, join anew. */
const OUT_OF_GROUP = ['FENCED_MEMBER_EPOCH', 'UNKNOWN_MEMBER_ID', 'STALE_MEMBER_EPOCH'];
const RETRY_MS_MAX = 1_000;
/** Nobody waits long for a log that doesn't answer only to say goodbye. */
const LEAVE_TIMEOUT_MS = 5_000;
/** A function that starts cold takes its time. */
const HEARTBEAT_TIMEOUT_MS_MIN = 1_000;
const TRIES_PER_WARNING = 30;

export class Membership {
  readonly #api: ApiClient;
  readonly #config: MembershipConfig;
  readonly #listener: MembershipListener;
  #wanted: WantedTopics = { names: [] };
  #identity: Identity | undefined;
  #intervalMs = 1_000;
  #failures = 0;
  #counter = 0;
  /** Chosen here, so that a join whose answer was lost can be repeated. Members sort as they came. */
  readonly #memberId = ulidOf(Date.now(), randomBytes(ULID_RANDOM_BYTES));
  #isActive = false;
  #joining: Promise<void> | undefined;
  #isBeating = false;
  #isHurried = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #stopped = new AbortController();

  constructor(api: ApiClient, config: MembershipConfig, listener: MembershipListener) {
    this.#api = api;
    this.#config = config;
    this.#listener = listener;
  }

  /** Undefined while it is in no group. */
  get identity(): Identity | undefined {
    return this.#identity;
  }

  /** Joins; resolves when it is a member. Errors: what the group refuses for good; it was stopped meanwhile. */
  async start(wanted: WantedTopics): Promise<void> {
    this.#wanted = wanted;
    this.#isActive = true;
    await this.#join();
    if (!this.#isActive) {
      const message = `the consumer was stopped before it was a member of group ${this.#config.groupId}`;
      throw new StratalogClientError('not-connected', message);
    }
    this.#plan(this.#intervalMs);
  }

  /** A heartbeat now, or this soon, since there is something to tell or to hear. */
  hurry(delayMs = 0): void {
    if (!this.#isActive) return;
    if (this.#isBeating) this.#isHurried = true;
    else this.#plan(Math.min(delayMs, this.#intervalMs));
  }

  /** Leaves the group, so that others need not wait for the session to time out. */
  async stop(): Promise<void> {
    this.#isActive = false;
    this.#stopped.abort();
    clearTimeout(this.#timer);
    // A join whose answer is under way makes it a member all the same: one that nobody would hear of again.
    await this.#joining?.catch(() => undefined);
    const identity = this.#identity;
    this.#identity = undefined;
    if (identity === undefined) return;
    try {
      const path = this.#path(identity.memberId);
      await this.#api.call({
        method: 'DELETE',
        path,
        query: {
          member_epoch: identity.epoch,
          counter: this.#counter + 1,
          // The next process of a static member finds its partitions again.
          temporarily: this.#config.instanceId === undefined ? undefined : true,
        },
        retries: 2,
        timeoutMs: LEAVE_TIMEOUT_MS,
      });
    } catch {
      // Whoever can't say goodbye is missed when its session times out.
    }
  }

  #path(...rest: readonly string[]): string {
    return pathOf('consumer-groups', this.#config.groupId, 'members', ...rest);
  }

  #subscription(): Record<string, unknown> {
    const { names, regex } = this.#wanted;
    return {
      ...(names.length === 0 ? {} : { subscribed_topics: names }),
      ...(regex === undefined ? {} : { topic_regex: regex }),
    };
  }

  #join(): Promise<void> {
    this.#joining = this.#tryToJoin();
    return this.#joining;
  }

  async #tryToJoin(): Promise<void> {
    const { instanceId, assignor, sessionTimeoutMs, rebalanceTimeoutMs } = this.#config;
    const body = {
      ...this.#subscription(),
      member_id: this.#memberId,
      session_timeout_ms: sessionTimeoutMs,
      rebalance_timeout_ms: rebalanceTimeoutMs,
      ...(instanceId === undefined ? {} : { instance_id: instanceId }),
      ...(assignor === undefined ? {} : { assignor }),
    };
    for (let tries = 1; this.#isActive; tries += 1) {
      try {
        const call = { method: 'POST', path: this.#path(), json: body, retries: 0 } as const;
        this.#adopt(await this.#api.json<MemberAnswer>(call));
        return;
      } catch (error) {
        const mayPass = isTransient(error) || isKafkaError(error, 'UNRELEASED_INSTANCE_ID');
        if (!mayPass) throw error;
        if (tries % TRIES_PER_WARNING === 1) this.#listener.waiting(errorOf(error));
        const waitMs = backoffMs(tries, RETRY_DEFAULTS, Math.random(), error);
        await pause(Math.min(waitMs, RETRY_MS_MAX), this.#stopped.signal);
      }
    }
  }

  #adopt(answer: MemberAnswer): void {
    this.#identity = { memberId: answer.member_id, epoch: answer.member_epoch };
    this.#counter = Math.max(this.#counter, answer.counter);
    this.#intervalMs = this.#config.heartbeatIntervalMs ?? answer.heartbeat_interval_ms;
    this.#failures = 0;
    if (this.#isActive) this.#listener.assigned(partitionsOf(answer.assignment));
  }

  #plan(delayMs: number): void {
    clearTimeout(this.#timer);
    if (!this.#isActive) return;
    this.#timer = setTimeout(() => void this.#beat(), delayMs);
  }

  async #beat(): Promise<void> {
    this.#isBeating = true;
    this.#isHurried = false;
    try {
      await this.#heartbeat();
    } catch (error) {
      await this.#handle(error);
    } finally {
      this.#isBeating = false;
    }
    this.#plan(this.#isHurried ? 0 : this.#delayMs());
  }

  #delayMs(): number {
    if (this.#failures === 0) return this.#intervalMs;
    const waitMs = backoffMs(this.#failures, RETRY_DEFAULTS, Math.random());
    return Math.min(waitMs, RETRY_MS_MAX, this.#intervalMs);
  }

  async #heartbeat(): Promise<void> {
    const identity = this.#identity;
    if (identity === undefined) return;
    this.#counter += 1;
    const answer = await this.#api.json<MemberAnswer>({
      method: 'POST',
      path: this.#path(identity.memberId, 'heartbeat'),
      json: {
        member_epoch: identity.epoch,
        counter: this.#counter,
        owned_partitions: assignmentOf(this.#listener.owned()),
      },
      retries: 0,
      // One that is lost on its way must leave time for others.
      timeoutMs: Math.max(this.#config.sessionTimeoutMs / 3, HEARTBEAT_TIMEOUT_MS_MIN),
    });
    if (this.#identity !== identity) return;
    this.#adopt(answer);
    this.#listener.heartbeat(this.#identity);
  }

  async #handle(error: unknown): Promise<void> {
    if (!this.#isActive) return;
    if (isTransient(error)) {
      this.#failures += 1;
    } else if (isKafkaError(error, ...OUT_OF_GROUP)) {
      this.#identity = undefined;
      this.#listener.fenced(errorOf(error));
      await this.#join().catch((refusal) => this.#fail(refusal));
    } else {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#isActive = false;
    this.#identity = undefined;
    this.#listener.failed(errorOf(error));
  }
}
