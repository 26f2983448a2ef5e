import { expect, it } from 'vitest';
import { encodeBatch } from '../../../../lib/record/record.ts';
import { createTestBackground, HOUR_MS, NO_LIMIT } from '../../../support/test-background.ts';
import { appendTo, text } from '../../../support/test-log.ts';

const RECORD_BYTES = encodeBatch({
  records: [{ timestamp: 1_760_000_000_000, key: text('k'), value: text('v') }],
}).length;

it('says what a partition is made of', async () => {
  const log = createTestBackground();
  const { services, background } = log.process();
  const configs = { 'cleanup.policy': 'compact' };
  await services.topics.create({ name: 'state', partitionCount: 2, configs });
  const append = async (count: number): Promise<void> => {
    for (let number = 0; number < count; number += 1) {
      const records = [{ timestamp: log.clock.timeMs, key: text('k'), value: text('v') }];
      await services.append.append(appendTo('state', { 0: encodeBatch({ records }) }));
    }
  };
  await append(20);
  log.clock.timeMs += 7 * HOUR_MS;
  await background.segments.mergeAll(NO_LIMIT);
  await append(17);
  const found = await background.inspector.inspect('state');
  if (found.kind !== 'found') throw new Error(found.message);
  expect(found.partitions).toMatchObject([
    {
      partition: 0,
      logStartOffset: 0n,
      nextOffset: 37n,
      segmentedTo: 20n,
      segments: [{ baseOffset: 0n, endOffset: 20n }],
      segmentBytes: 20 * RECORD_BYTES,
      pageBytes: 16 * RECORD_BYTES,
      tailEntries: 1,
      tailBytes: RECORD_BYTES,
      retiredSegments: 0,
      dirtyBytes: 20 * RECORD_BYTES,
    },
    { partition: 1, nextOffset: 0n, segments: [], pageBytes: 0, tailEntries: 0, dirtyBytes: 0 },
  ]);
  await background.compaction.compactAll(NO_LIMIT);
  const compacted = await background.inspector.inspect('state');
  if (compacted.kind !== 'found') throw new Error(compacted.message);
  expect(compacted.partitions[0]).toMatchObject({ dirtyBytes: 0, retiredSegments: 1 });
});

it('refuses a topic that is not there', async () => {
  const { background } = createTestBackground().process();
  expect(await background.inspector.inspect('none')).toMatchObject({
    kind: 'rejected',
    code: 'UNKNOWN_TOPIC_OR_PARTITION',
  });
});
