import { describe, expect, it } from 'vitest';
import { OffsetTracker } from '../../../../lib/client/consumer/offset-tracker.ts';

function trackerOf(...offsets: number[]): OffsetTracker {
  const tracker = new OffsetTracker(offsets[0] ?? 0);
  for (const offset of offsets) tracker.begin(offset);
  return tracker;
}

describe('OffsetTracker', () => {
  it('moves the watermark past records that are handled in order', () => {
    const tracker = trackerOf(10, 11, 12);
    tracker.complete(10);
    expect(tracker.watermark).toBe(11);
    tracker.complete(11);
    expect(tracker.watermark).toBe(12);
  });

  it('never commits beyond a record that is still being handled', () => {
    const tracker = trackerOf(0, 1, 2, 3);
    tracker.complete(3);
    tracker.complete(1);
    expect(tracker.watermark).toBe(0);
    tracker.complete(0);
    expect(tracker.watermark).toBe(2);
    tracker.complete(2);
    expect(tracker.watermark).toBe(4);
    expect(tracker.handledCount).toBe(4);
  });

  it('steps over offsets that compaction left out', () => {
    const tracker = trackerOf(5, 9, 20);
    tracker.complete(5);
    tracker.complete(9);
    expect(tracker.watermark).toBe(10);
    tracker.complete(20);
    expect(tracker.watermark).toBe(21);
  });

  it('takes everything up to an offset at once, and keeps what is under way above it', () => {
    const tracker = trackerOf(0, 1, 2, 3);
    tracker.completeThrough(1);
    expect(tracker.watermark).toBe(2);
    tracker.complete(3);
    expect(tracker.watermark).toBe(2);
    tracker.complete(2);
    expect(tracker.watermark).toBe(4);
  });

  it('forgets what was abandoned, so that it can be begun again', () => {
    const tracker = trackerOf(0, 1, 2);
    tracker.complete(0);
    tracker.complete(2);
    tracker.abandon();
    tracker.begin(1);
    tracker.begin(2);
    tracker.complete(1);
    expect(tracker.watermark).toBe(2);
  });

  it('ignores what lies below the watermark', () => {
    const tracker = trackerOf(3);
    tracker.begin(1);
    tracker.complete(1);
    tracker.completeThrough(2);
    expect(tracker.watermark).toBe(3);
  });

  it('stays small over a hundred thousand records', () => {
    const tracker = new OffsetTracker(0);
    for (let offset = 0; offset < 100_000; offset += 1) {
      tracker.begin(offset);
      tracker.complete(offset);
    }
    expect(tracker.watermark).toBe(100_000);
  });
});
