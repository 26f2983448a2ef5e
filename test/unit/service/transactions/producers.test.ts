import { beforeEach, describe, expect, it } from 'vitest';
import { PRODUCER_IDS_PER_BLOCK } from '../../../../lib/limits.ts';
import type { ProducerStore } from '../../../../lib/ports/producer-store.ts';
import {
  createProducerService,
  type ProducerService,
} from '../../../../lib/service/transactions/producers.ts';
import { createLocalStorage } from '../../../../lib/storage/local/local-storage.ts';
import { ManualClock, SeededRandom, Wire } from '../../../support/test-log.ts';

let wire: Wire;
let producers: ProducerStore;
let service: ProducerService;

const another = (): ProducerService =>
  createProducerService({ producers, clock: new ManualClock(), random: new SeededRandom() });

beforeEach(() => {
  wire = new Wire();
  producers = wire.through(createLocalStorage({ directory: ':memory:' }).producers);
  service = another();
});

const ids = async (count: number, from: ProducerService = service): Promise<bigint[]> => {
  const initialized = Array.from({ length: count }, () => from.initProducer());
  return (await Promise.all(initialized)).map(({ producerId }) => producerId);
};

describe('initProducer', () => {
  it('gives an id at epoch 0', async () => {
    const first = await service.initProducer();
    expect(first).toEqual({ kind: 'initialized', producerId: 0n, producerEpoch: 0 });
  });

  it('asks the storage once for a block of ids', async () => {
    await ids(PRODUCER_IDS_PER_BLOCK);
    expect(wire.take()).toEqual({ allocateProducerIds: 1 });
    await ids(1);
    expect(wire.take()).toEqual({ allocateProducerIds: 1 });
  });

  it('gives no id twice, in whichever process and however many ask at once (no-double-append)', async () => {
    const count = 7 * PRODUCER_IDS_PER_BLOCK + 3;
    const given = [...(await ids(count)), ...(await ids(count, another()))];
    expect(new Set(given).size).toBe(2 * count);
  });

  it.each(['before', 'after', 'throttled'] as const)(
    'asks again when the answer fails (%s), and gives no id twice',
    async (fault) => {
      const first = await ids(PRODUCER_IDS_PER_BLOCK);
      wire.fail('allocateProducerIds', fault, fault);
      const second = await ids(PRODUCER_IDS_PER_BLOCK);
      expect(new Set([...first, ...second]).size).toBe(2 * PRODUCER_IDS_PER_BLOCK);
    },
  );

  it('fails for everybody who waits when the storage stays away, and works again after', async () => {
    wire.fail('allocateProducerIds', ...Array<'before'>(10).fill('before'));
    const outcomes = await Promise.allSettled([service.initProducer(), service.initProducer()]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    wire.fail('allocateProducerIds');
    expect((await ids(1)).length).toBe(1);
  });
});
