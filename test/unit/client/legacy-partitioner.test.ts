import { Partitioners as Kafkajs } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { Partitioners } from '../../../lib/client/partitioners.ts';
import { fc } from '../../support/property.ts';

const PARTITIONS = Array.from({ length: 97 }, (_, partitionId) => ({
  partitionErrorCode: 0,
  partitionId,
  leader: 0,
  replicas: [0],
  isr: [0],
  offlineReplicas: [],
}));

describe.each(['LegacyPartitioner', 'DefaultPartitioner'] as const)('%s', (name) => {
  it('puts every key where kafkajs’s puts it', () => {
    const ours = Partitioners[name]();
    const theirs = Kafkajs[name]();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const message = { key: Buffer.from(bytes), value: null };
        const asked = { topic: 't', partitionMetadata: PARTITIONS, message };
        expect(ours(asked)).toBe(theirs(asked));
      }),
      { numRuns: 2_000 },
    );
  });
});
