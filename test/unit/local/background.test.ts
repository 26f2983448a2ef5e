import { describe, expect, it } from 'vitest';
import { LOCAL_MERGE_INTERVAL_MS } from '../../../lib/limits.ts';
import { startBackgroundJobs } from '../../../lib/local/background.ts';
import type { Clock } from '../../../lib/ports/environment.ts';
import { watchGroups } from '../../../lib/service/group/watch.ts';
import { createTestBackground, HOUR_MS } from '../../support/test-background.ts';
import { appendTo, batchOf, SeededRandom } from '../../support/test-log.ts';

/** A clock whose sleepers wake when the test moves it. */
class SteppedClock implements Clock {
  timeMs = 0;
  #sleepers: { readonly untilMs: number; readonly wake: () => void }[] = [];

  nowMs(): number {
    return this.timeMs;
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((wake) => {
      if (signal?.aborted === true) wake();
      signal?.addEventListener('abort', () => wake());
      this.#sleepers.push({ untilMs: this.timeMs + delayMs, wake });
    });
  }

  async step(delayMs: number): Promise<void> {
    this.timeMs += delayMs;
    const due = this.#sleepers.filter(({ untilMs }) => untilMs <= this.timeMs);
    this.#sleepers = this.#sleepers.filter(({ untilMs }) => untilMs > this.timeMs);
    for (const { wake } of due) wake();
    for (let turn = 0; turn < 200; turn += 1) await new Promise((done) => setImmediate(done));
  }
}

describe('startBackgroundJobs', () => {
  it('runs every job again and again, and ends when it is stopped', async () => {
    const runs: string[] = [];
    const run = (name: string) => async () => {
      runs.push(name);
      return {};
    };
    const clock = new SteppedClock();
    const background = {
      segments: { mergeAll: run('merge') },
      retention: { applyAll: run('retention') },
      compaction: { compactAll: run('compaction') },
      garbage: { collect: run('garbage') },
      watchGroups: run('groups'),
    };
    const jobs = startBackgroundJobs(background as never, clock, () => undefined);
    for (let step = 0; step < 40; step += 1) await clock.step(30_000);
    expect(runs.filter((name) => name === 'merge').length).toBe(40);
    expect(runs.filter((name) => name === 'garbage').length).toBe(1);
    expect(new Set(runs).size).toBe(5);
    await jobs.stop();
    await clock.step(HOUR_MS);
    expect(runs.filter((name) => name === 'merge').length).toBe(40);
  });

  it('goes on after a run that failed, and says so', async () => {
    const clock = new SteppedClock();
    const complaints: unknown[] = [];
    let runs = 0;
    const mergeAll = async () => {
      runs += 1;
      throw new Error('the disk is full');
    };
    const nothing = async () => ({ failures: [] });
    const background = {
      segments: { mergeAll },
      retention: { applyAll: nothing },
      compaction: { compactAll: nothing },
      garbage: { collect: nothing },
      watchGroups: nothing,
    };
    const jobs = startBackgroundJobs(background as never, clock, (job, problem) =>
      complaints.push([job, problem]),
    );
    await clock.step(LOCAL_MERGE_INTERVAL_MS);
    await clock.step(LOCAL_MERGE_INTERVAL_MS);
    expect(runs).toBe(2);
    expect(complaints).toEqual([
      ['merging', new Error('the disk is full')],
      ['merging', new Error('the disk is full')],
    ]);
    await jobs.stop();
  });

  it('merges what is due', async () => {
    const log = createTestBackground();
    const { services, background } = log.process();
    await services.topics.create({ name: 'orders' });
    await services.append.append(appendTo('orders', { 0: batchOf(['a']) }));
    log.clock.timeMs += 7 * HOUR_MS;
    const clock = new SteppedClock();
    clock.timeMs = log.clock.timeMs;
    const ports = { ...log.storage, clock, random: new SeededRandom(), access: undefined };
    const watched = {
      ...background,
      watchGroups: (limit: { untilMs: number }) => watchGroups(ports, limit),
    };
    const jobs = startBackgroundJobs(watched, clock, (_, problem) => {
      throw problem;
    });
    await clock.step(LOCAL_MERGE_INTERVAL_MS);
    await jobs.stop();
    const { objects } = await log.storage.upkeep.listObjects({ prefix: 'log/', limit: 10 });
    expect(objects.length).toBe(3);
  });
});
