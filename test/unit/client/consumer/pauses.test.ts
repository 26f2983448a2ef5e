import { describe, expect, it } from 'vitest';
import { Pauses } from '../../../../lib/client/consumer/pauses.ts';

const zero = { topic: 't', partition: 0 };
const one = { topic: 't', partition: 1 };

describe('Pauses', () => {
  it('pauses a topic with all its partitions, also those to come', () => {
    const pauses = new Pauses();
    pauses.pause([{ topic: 't' }]);
    expect(
      [zero, one, { topic: 'u', partition: 0 }].map((place) => pauses.isPaused(place)),
    ).toEqual([true, true, false]);
    expect(pauses.list([zero, one])).toEqual([{ topic: 't', partitions: [0, 1] }]);
  });

  it('pauses single partitions', () => {
    const pauses = new Pauses();
    pauses.pause([{ topic: 't', partitions: [1] }]);
    expect([zero, one].map((place) => pauses.isPaused(place))).toEqual([false, true]);
    pauses.resume([{ topic: 't', partitions: [1] }]);
    expect(pauses.isPaused(one)).toBe(false);
  });

  it('resumes each partition with its topic, but no topic with one of its partitions', () => {
    const pauses = new Pauses();
    pauses.pause([{ topic: 't' }, { topic: 't', partitions: [0] }]);
    pauses.resume([{ topic: 't', partitions: [0] }]);
    expect(pauses.isPaused(zero)).toBe(true);
    pauses.pause([{ topic: 't', partitions: [0] }]);
    pauses.resume([{ topic: 't' }]);
    expect([zero, one].map((place) => pauses.isPaused(place))).toEqual([false, false]);
  });
});
