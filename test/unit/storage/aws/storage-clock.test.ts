import { describe, expect, it } from 'vitest';
import { StratalogError } from '../../../../lib/errors.ts';
import { StorageClock } from '../../../../lib/storage/aws/storage-clock.ts';

const NOON_MS = Date.UTC(2026, 10, 21, 12, 0, 0);
const NOON = 'Sat, 21 Nov 2026 12:00:00 GMT';

/** This machine's clocks, set by hand; its wall clock is two years wrong. */
class HandClocks {
  wall = NOON_MS - 63_072_000_000;
  steady = 5_000;

  wallMs = () => this.wall;
  steadyMs = () => this.steady;

  pass(durationMs: number): void {
    this.wall += durationMs;
    this.steady += durationMs;
  }
}

/** A clock that heard "noon" in an answer that took 40 ms. */
function heardNoon() {
  const clocks = new HandClocks();
  const clock = new StorageClock(clocks);
  const sent = clock.moment();
  clocks.pass(40);
  clock.hear(NOON, sent);
  return { clock, clocks };
}

describe('StorageClock', () => {
  it('knows nothing before it heard an answer', () => {
    const clock = new StorageClock(new HandClocks());
    expect(clock.isKnown).toBe(false);
    expect(() => clock.passedMs()).toThrow(StratalogError);
    expect(() => clock.notPassedMs()).toThrow('does not say what time it is');
  });

  it('does not hear what is no date', () => {
    const clock = new StorageClock(new HandClocks());
    clock.hear('yesterday', clock.moment());
    expect(clock.isKnown).toBe(false);
  });

  it('takes the answer’s second as surely passed, whatever this machine’s clock says', () => {
    const { clock } = heardNoon();
    expect(clock.answeredMs()).toBe(NOON_MS);
    expect(clock.passedMs()).toBe(NOON_MS);
  });

  it('writes moments that lie a second and the round trip ahead', () => {
    const { clock } = heardNoon();
    expect(clock.notPassedMs()).toBe(NOON_MS + 1_000 + 40);
  });

  it('carries the time on between answers', () => {
    const { clock, clocks } = heardNoon();
    clocks.pass(30_000);
    expect(clock.answeredMs()).toBe(NOON_MS);
    expect(clock.passedMs()).toBe(NOON_MS + 30_000);
    expect(clock.notPassedMs()).toBe(NOON_MS + 31_040);
  });

  it('writes no moment of the past after the machine was frozen', () => {
    const { clock, clocks } = heardNoon();
    clocks.wall += 600_000;
    expect(clock.notPassedMs()).toBe(NOON_MS + 601_040);
    expect(clock.passedMs()).toBe(NOON_MS);
  });

  it('writes no moment of the past after the wall clock was set back, and does not run back itself', () => {
    const { clock, clocks } = heardNoon();
    clocks.pass(10_000);
    clocks.wall -= 3_600_000;
    expect(clock.notPassedMs()).toBe(NOON_MS + 11_040);
    expect(clock.passedMs()).toBe(NOON_MS);
  });

  it('calls nothing passed that may not be after the wall clock was set forward', () => {
    const { clock, clocks } = heardNoon();
    clocks.pass(10_000);
    clocks.wall += 3_600_000;
    expect(clock.passedMs()).toBe(NOON_MS + 10_000);
  });

  it('believes the last answer', () => {
    const { clock, clocks } = heardNoon();
    clocks.wall += 3_600_000;
    const sent = clock.moment();
    clocks.pass(10);
    clock.hear('Sat, 21 Nov 2026 12:00:05 GMT', sent);
    expect(clock.passedMs()).toBe(NOON_MS + 5_000);
    expect(clock.notPassedMs()).toBe(NOON_MS + 6_010);
  });
});
