// Consumers in processes of their own over one storage whose every request may be slow, lost, answered too late to be
// heard, or throttled; they join, heartbeat, crash, wake again and leave, while topics grow. Always:
//   monotonic-ownership   of two that use one partition, all but one are fenced;
//   one-owner, fenced     nobody commits whom the group has removed, and no committed offset ever goes back.
// And when the storage behaves again, every partition is read by somebody who lives.

import { describe, expect, it } from 'vitest';
import { StratalogError } from '../../lib/errors.ts';
import { fc } from '../support/property.ts';
import { createTestGroups, TestConsumer, type TestGroups } from '../support/test-groups.ts';
import { appendTo, batchOf, SeededRandom } from '../support/test-log.ts';

const RECORD_COUNT = 50n;

type Method = (...parameters: never[]) => unknown;

/** Delays and faults, from a seed. */
class Weather {
  calm = false;
  readonly #random: SeededRandom;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  /** 0 to `bound` − 1. */
  pick(bound: number): number {
    const [high = 0, low = 0] = this.#random.randomBytes(2);
    return (high * 256 + low) % bound;
  }

  readonly through = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        return (...parameters: never[]) =>
          this.#send(() => (method as Method).apply(target, parameters));
      },
    });

  async #send(request: () => unknown): Promise<unknown> {
    await this.#wander();
    const fault = this.calm ? 99 : this.pick(25);
    if (fault === 0) throw new StratalogError('THROTTLED', 'too many requests');
    if (fault === 1) throw new StratalogError('REQUEST_TIMED_OUT', 'lost', { effect: 'unknown' });
    const answer = await request();
    await this.#wander();
    if (fault === 2)
      throw new StratalogError('REQUEST_TIMED_OUT', 'unheard', { effect: 'unknown' });
    return answer;
  }

  async #wander(): Promise<void> {
    const steps = this.calm ? 0 : this.pick(4);
    for (let step = 0; step < steps; step += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** A consumer that does as it likes; `crashed` sleeps, and may wake as a zombie. */
interface Actor {
  readonly consumer: TestConsumer;
  state: 'out' | 'in' | 'crashed';
}

async function act(test: TestGroups, actor: Actor, weather: Weather): Promise<void> {
  const { consumer } = actor;
  const choice = weather.pick(20);
  if (choice === 0) test.log.clock.timeMs += 4_000;
  if (actor.state === 'out') {
    const answer = await consumer.join({ sessionTimeoutMs: 10_000 });
    actor.state = answer.kind === 'member' ? 'in' : 'out';
  } else if (actor.state === 'crashed') {
    if (choice < 3) actor.state = 'in';
  } else if (choice === 1) {
    actor.state = 'crashed';
  } else if (choice === 2) {
    // It stops reading before it says goodbye; a lost goodbye leaves a member that nobody is.
    consumer.positions.clear();
    await consumer.leave();
    actor.state = 'out';
  } else if (choice < 8) {
    const [name] = consumer.owned;
    if (name !== undefined) await commitNext(test, consumer, name);
  } else {
    const answer = await consumer.heartbeat();
    if (answer.kind === 'member') return;
    consumer.positions.clear();
    actor.state = 'out';
  }
}

/** The next record of the partition is done with. Whom the group has removed can't say so. */
async function commitNext(test: TestGroups, consumer: TestConsumer, name: string): Promise<void> {
  const { offset } = consumer.positions.get(name) ?? { offset: 0n };
  if (offset >= RECORD_COUNT) return;
  const { group } = await test.items.groups.readGroup('billing');
  const outcome = await consumer.commit(name, offset + 1n);
  if (outcome !== 'committed') return;
  expect(group?.members.has(consumer.memberId), `a commit of ${consumer.memberId}`).toBe(true);
}

async function live(test: TestGroups, actor: Actor, weather: Weather): Promise<void> {
  for (let step = 0; step < 25; step += 1) {
    test.log.clock.timeMs += weather.pick(700);
    try {
      await act(test, actor, weather);
    } catch (failure) {
      if (!(failure instanceof StratalogError)) throw failure;
    }
  }
}

/** What is seen from outside, after every turn of the event loop. */
class Watch {
  readonly #test: TestGroups;
  readonly #actors: readonly Actor[];
  readonly #committed = new Map<string, bigint>();

  constructor(test: TestGroups, actors: readonly Actor[]) {
    this.#test = test;
    this.#actors = actors;
  }

  async check(): Promise<void> {
    await this.#checkUsers();
    await this.#checkOffsets();
  }

  /** Of two that use one partition, all but one are fenced. */
  async #checkUsers(): Promise<void> {
    const users = new Map<string, string[]>();
    for (const { consumer, state } of this.#actors) {
      if (state === 'out') continue;
      for (const name of consumer.owned) {
        users.set(name, [...(users.get(name) ?? []), consumer.memberId]);
      }
    }
    for (const [name, memberIds] of users) {
      if (memberIds.length < 2) continue;
      const items = await Promise.all(
        memberIds.map((memberId) =>
          this.#test.items.groups.readMember({ groupId: 'billing', memberId }),
        ),
      );
      const alive = items.filter(({ member }) => (member?.status ?? 'fenced') !== 'fenced');
      expect(alive.length, `living users of ${name}`).toBeLessThanOrEqual(1);
    }
  }

  async #checkOffsets(): Promise<void> {
    const { offsets } = await this.#test.items.offsets.readOffsets({ groupId: 'billing' });
    for (const { partition, committed } of offsets) {
      const name = `orders/${partition}`;
      const before = this.#committed.get(name) ?? 0n;
      const now = committed?.offset ?? 0n;
      expect(now >= before, `${name} went from ${before} to ${now}`).toBe(true);
      this.#committed.set(name, now);
    }
  }
}

async function story(seed: number): Promise<void> {
  const weather = new Weather(seed);
  const test = createTestGroups({ through: weather.through });
  await test.createTopic('orders', 4);
  const batch = batchOf(Array.from({ length: Number(RECORD_COUNT) }, () => 'value'));
  await test.log.services.append.append(
    appendTo('orders', { 0: batch, 1: batch, 2: batch, 3: batch }),
  );
  const actors = Array.from(
    { length: 5 },
    (): Actor => ({ consumer: new TestConsumer(test.another()), state: 'out' }),
  );
  const watch = new Watch(test, actors);
  let running = true;
  const watching = (async () => {
    while (running) {
      await new Promise((resolve) => setImmediate(resolve));
      await watch.check();
    }
  })();
  try {
    await Promise.all(actors.map((actor) => live(test, actor, weather)));
  } finally {
    running = false;
  }
  await watching;
  weather.calm = true;
  await settle(test, actors, watch);
}

/** The weather clears; the crashed stay away, and the others read everything. */
async function settle(test: TestGroups, actors: readonly Actor[], watch: Watch): Promise<void> {
  const [first] = actors;
  if (first !== undefined && actors.every(({ state }) => state === 'crashed')) first.state = 'out';
  const awake = actors.filter(({ state }) => state !== 'crashed');
  for (let second = 0; second < 60; second += 1) {
    test.log.clock.timeMs += 1_000;
    for (const actor of awake) await stay(actor);
    await watch.check();
  }
  expect(awake.flatMap(({ consumer }) => consumer.owned).sort()).toEqual([
    'orders/0',
    'orders/1',
    'orders/2',
    'orders/3',
  ]);
}

async function stay(actor: Actor): Promise<void> {
  const { consumer } = actor;
  const answer =
    actor.state === 'out'
      ? await consumer.join({ sessionTimeoutMs: 10_000 })
      : await consumer.heartbeat();
  actor.state = answer.kind === 'member' ? 'in' : 'out';
  if (answer.kind === 'rejected') consumer.positions.clear();
}

describe('groups over a storage in bad weather', () => {
  it('one-owner, monotonic-ownership, fenced: hold all the time, and all partitions are read in the end', async () => {
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), story), {
      numRuns: 60,
    });
  });
});
