import { describe, expect, it } from 'vitest';
import { ENTRY_BYTES_MAX, TAIL_ENTRIES_CAP } from '../../../lib/limits.ts';
import { type CheckedBatch, explainRefusal, planEntries } from '../../../lib/log/append.ts';
import { entry, headWith, ulid } from '../../support/log.ts';

const batch = (change: Partial<CheckedBatch> = {}): CheckedBatch => ({
  lengthBytes: 100,
  recordCount: 2,
  maxTimestampMs: 5,
  producerId: -1n,
  producerEpoch: -1,
  baseSequence: -1,
  ...change,
});

describe('planEntries', () => {
  it('joins the batches of a plain producer', () => {
    const batches = [batch(), batch({ lengthBytes: 50, maxTimestampMs: 9 })];
    expect(planEntries({ objectId: ulid(1), positionBytes: 30 }, batches)).toEqual([
      {
        objectId: ulid(1),
        positionBytes: 30,
        lengthBytes: 150,
        recordCount: 4,
        maxTimestampMs: 9,
      },
    ]);
  });

  it('begins a new entry where one would grow too large for a small fetch', () => {
    const large = batch({ lengthBytes: ENTRY_BYTES_MAX - 50 });
    const entries = planEntries({ objectId: ulid(1), positionBytes: 0 }, [large, batch(), batch()]);
    expect(entries.map((one) => [one.positionBytes, one.lengthBytes])).toEqual([
      [0, ENTRY_BYTES_MAX - 50],
      [ENTRY_BYTES_MAX - 50, 200],
    ]);
  });

  it('keeps the sequence of an idempotent producer with its entry', () => {
    const sequenced = batch({ producerId: 7n, producerEpoch: 1, baseSequence: 3 });
    expect(planEntries({ objectId: ulid(1), positionBytes: 0 }, [sequenced])[0]?.producer).toEqual({
      producerId: 7n,
      producerEpoch: 1,
      baseSequence: 3,
    });
  });
});

describe('explainRefusal', () => {
  const head = headWith([entry({ recordCount: 3 })], { floor: ulid(50) });
  const code = (explained: ReturnType<typeof explainRefusal>): string =>
    explained.kind === 'rejected' ? explained.code : explained.kind;

  it('tells a deleted topic, another offset, an append that came too late and a full tail apart', () => {
    expect(code(explainRefusal(undefined, { objectId: ulid(60) }))).toBe(
      'UNKNOWN_TOPIC_OR_PARTITION',
    );
    expect(code(explainRefusal(head, { objectId: ulid(60), matchOffset: 2n }))).toBe(
      'OFFSET_MISMATCH',
    );
    expect(code(explainRefusal(head, { objectId: ulid(49) }))).toBe('REQUEST_TIMED_OUT');
    const full = headWith(Array.from({ length: TAIL_ENTRIES_CAP }, () => entry()));
    expect(code(explainRefusal(full, { objectId: ulid(60) }))).toBe('tail-full');
  });

  it('lets the write go again when nothing stands against it', () => {
    expect(code(explainRefusal(head, { objectId: ulid(60), matchOffset: 3n }))).toBe('retry');
  });
});
