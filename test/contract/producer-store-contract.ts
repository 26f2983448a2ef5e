// What every ProducerStore must do; each adapter's runner calls this.

import { beforeEach, describe, expect, it } from 'vitest';
import { PRODUCER_IDS_PER_BLOCK } from '../../lib/limits.ts';
import type { ProducerStore } from '../../lib/ports/producer-store.ts';
import { numbersTo } from './contract-values.ts';

/** A store of which nobody has asked anything yet. */
export type MakeProducerStore = () => Promise<ProducerStore>;

export function producerStoreContract(makeStore: MakeProducerStore): void {
  let store: ProducerStore;

  beforeEach(async () => {
    store = await makeStore();
  });

  describe('allocateProducerIds', () => {
    it('begins at 0 and goes on where the last block ended', async () => {
      expect(await store.allocateProducerIds(3)).toBe(0n);
      expect(await store.allocateProducerIds(1)).toBe(3n);
      expect(await store.allocateProducerIds(PRODUCER_IDS_PER_BLOCK)).toBe(4n);
    });

    it('gives no id to two of 20 that ask at once (no-double-append)', async () => {
      const firsts = await Promise.all(numbersTo(20).map(() => store.allocateProducerIds(5)));
      const sorted = firsts.map(Number).sort((a, b) => a - b);
      expect(sorted).toEqual(numbersTo(20).map((number) => 5 * number));
    });

    it('takes a block of at least one id and no more than the limit', async () => {
      await expect(store.allocateProducerIds(0)).rejects.toThrow('assertion failed');
      const tooMany = store.allocateProducerIds(PRODUCER_IDS_PER_BLOCK + 1);
      await expect(tooMany).rejects.toThrow('assertion failed');
    });
  });
}
