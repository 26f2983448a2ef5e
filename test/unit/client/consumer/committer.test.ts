// Commits in their order, for whoever owns the partitions when it is their turn. Offsets are kept elsewhere here, so no
// log is asked.

import { describe, expect, it } from 'vitest';
import { ApiClient } from '../../../../lib/client/api-client.ts';
import { RETRY_DEFAULTS } from '../../../../lib/client/backoff.ts';
import { commitPolicy } from '../../../../lib/client/consumer/commit-policy.ts';
import { Committer, type StoreOffsets } from '../../../../lib/client/consumer/committer.ts';
import { PartitionLease } from '../../../../lib/client/consumer/lease.ts';
import { httpTransport } from '../../../../lib/client/transports/http.ts';

function handled(): PartitionLease {
  const start = { offset: 0, committed: undefined, counter: 0 };
  const lease = new PartitionLease({ topic: 't', topicId: 'T', partition: 0 }, start);
  lease.tracker.completeThrough(4);
  return lease;
}

function committerOf(lease: PartitionLease, storeOffsets: StoreOffsets): Committer {
  const transport = httpTransport({ endpoint: 'http://127.0.0.1:1' });
  const retry = RETRY_DEFAULTS;
  return new Committer({
    api: new ApiClient({ transport, clientId: 'test', retry, requestTimeoutMs: 1_000 }),
    groupId: 'g',
    policy: commitPolicy({}),
    storeOffsets,
    identity: () => undefined,
    leases: () => [lease],
    warn: () => undefined,
    committed: () => undefined,
  });
}

describe('Committer', () => {
  it.each([
    ['held', [{ topic: 't', partition: 0, offset: '5' }]],
    ['lost', undefined],
  ] as const)(
    'stores what was handled of a partition that is %s when its turn comes',
    async (state, stored) => {
      const lease = handled();
      const told: unknown[] = [];
      const { promise: isFirstDone, resolve: finishFirst } = Promise.withResolvers<void>();
      const committer = committerOf(lease, async (offsets) => {
        told.push(offsets);
        if (told.length === 1) await isFirstDone;
      });
      const first = [{ topic: 't', partition: 1, offset: '9' }];
      const commits = [committer.commit(first), committer.commitHandled()];
      lease.setState(state);
      finishFirst();
      await Promise.all(commits);
      expect(told).toEqual(stored === undefined ? [first] : [first, stored]);
    },
  );
});
