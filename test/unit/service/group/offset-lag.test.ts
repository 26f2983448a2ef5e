import { describe, expect, it } from 'vitest';
import { consuming, lagsOf, produce } from '../../../support/group-offsets.ts';

describe('lags', () => {
  it('shows records and seconds behind, by partition and reader', async () => {
    const { test, one } = await consuming(0);
    const startMs = test.log.clock.timeMs;
    for (const age of [60, 30, 10]) await produce(test, startMs - age * 1_000);
    await one.commit('orders/0', 1n);
    await one.commit('orders/1', 3n);
    const lags = await lagsOf(test);
    expect(
      lags.map(({ partition, memberId, currentOffset, logEndOffset, lag, lagSeconds }) => [
        partition,
        memberId === one.memberId,
        currentOffset,
        logEndOffset,
        lag,
        Math.round(lagSeconds),
      ]),
    ).toEqual([
      [0, true, 1n, 3n, 2n, 30],
      [1, true, 3n, 3n, 0n, 0],
    ]);
  });

  it('shows partitions that were never committed, and those whose records left the head', async () => {
    const { test } = await consuming(0);
    const startMs = test.log.clock.timeMs;
    for (let record = 0; record < 40; record += 1) await produce(test, startMs - 100_000 + record);
    const [first] = await lagsOf(test);
    expect(first).toMatchObject({ currentOffset: undefined, lag: 40n });
    expect(Math.round(first?.lagSeconds ?? 0)).toBe(100);
  });

  it('leaves out topics that are gone, and knows no group that never was', async () => {
    const { test } = await consuming();
    await test.log.services.topics.delete('orders');
    expect(await lagsOf(test)).toEqual([]);
    expect(await test.offsets.lags('nothing')).toMatchObject({ code: 'GROUP_ID_NOT_FOUND' });
    expect(await test.offsets.fetch('nothing')).toMatchObject({ code: 'GROUP_ID_NOT_FOUND' });
  });
});
