// Idempotent producers: which state of the head a batch needs, and what it means when the head has another one, or
// none because the producer was idle and its state was moved out.
// Sequences count records, from 0 for every producer epoch, and wrap from 2^31 − 1 to 0 (KIP-98).
//
// Guards `no-double-append` (a batch that is there is answered with its offset, never appended again), `ordered`
// (a gap is refused) and `fenced` (an older epoch is refused).

import { type Rejected, rejected } from '../errors.ts';
import { type Head, locateEntries, type ProducerState } from './partition.ts';

const SEQUENCE_COUNT = 2 ** 31;

export interface SequencedBatch {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly recordCount: number;
}

/** The producer's state that the head must have for a batch to be next, as it goes into the write's condition. */
export type ExpectedProducer =
  | { readonly kind: 'state'; readonly producerEpoch: number; readonly lastSequence: number }
  | { readonly kind: 'absent'; readonly evictions: number };

export type SequencePlan =
  | { readonly kind: 'append'; readonly expected: ExpectedProducer }
  | { readonly kind: 'duplicate'; readonly baseOffset: bigint }
  | Rejected;

/** The sequence of the batch's last record. */
export function lastSequence(batch: SequencedBatch): number {
  return (batch.baseSequence + batch.recordCount - 1) % SEQUENCE_COUNT;
}

/**
 * The state to expect when no head was read yet: the batch follows the one before it. A first batch (sequence 0)
 * has nothing to follow, so its head is read first: undefined.
 */
export function expectedWithoutHead(batch: SequencedBatch): ExpectedProducer | undefined {
  if (batch.baseSequence === 0) return undefined;
  return {
    kind: 'state',
    producerEpoch: batch.producerEpoch,
    lastSequence: batch.baseSequence - 1,
  };
}

/** What to do with a batch, given the head that stands. `look-up`: the state may be among those moved out of it. */
export function planSequence(
  head: Head,
  batch: SequencedBatch,
): SequencePlan | { readonly kind: 'look-up' } {
  const state = head.producers.get(batch.producerId);
  if (state !== undefined) return planFrom(head, batch, state, inHead(state));
  return head.evictions === 0 ? planReturn(head, batch, undefined) : { kind: 'look-up' };
}

/**
 * What to do with a batch of a producer that isn't in `head`, given its state outside, which was read after the head.
 * The append demands that the producer is still absent and that nothing was moved out since: it may have come back,
 * appended, and been moved out again, and then that state is an old one ✗.
 */
export function planReturn(
  head: Head,
  batch: SequencedBatch,
  state: ProducerState | undefined,
): SequencePlan {
  const expected: ExpectedProducer = { kind: 'absent', evictions: head.evictions };
  if (state !== undefined) return planFrom(head, batch, state, expected);
  if (batch.baseSequence === 0) return { kind: 'append', expected };
  return rejected(
    'UNKNOWN_PRODUCER_ID',
    `producer ${batch.producerId} has no state in this partition; start again with a new producer id or epoch`,
  );
}

function planFrom(
  head: Head,
  batch: SequencedBatch,
  state: ProducerState,
  expected: ExpectedProducer,
): SequencePlan {
  if (batch.producerEpoch < state.producerEpoch) {
    return rejected(
      'INVALID_PRODUCER_EPOCH',
      `producer ${batch.producerId} was fenced: epoch ${batch.producerEpoch} is older than ${state.producerEpoch}`,
    );
  }
  if (batch.producerEpoch > state.producerEpoch) {
    return batch.baseSequence === 0
      ? { kind: 'append', expected }
      : gap(batch, 0, 'a new epoch starts at sequence 0');
  }
  const next = (state.lastSequence + 1) % SEQUENCE_COUNT;
  if (batch.baseSequence === next) return { kind: 'append', expected };
  return duplicateOrGap(head, batch, state);
}

function inHead(state: ProducerState): ExpectedProducer {
  return {
    kind: 'state',
    producerEpoch: state.producerEpoch,
    lastSequence: state.lastSequence,
  };
}

/** The last batch's offset is in the state; older ones are looked for in the tail. */
function duplicateOrGap(head: Head, batch: SequencedBatch, state: ProducerState): SequencePlan {
  const own = locateEntries(head.tailBase, head.tail).filter(
    ({ entry }) =>
      entry.producer?.producerId === batch.producerId &&
      entry.producer.producerEpoch === batch.producerEpoch,
  );
  const isSame = ({ entry }: (typeof own)[number]): boolean =>
    entry.producer?.baseSequence === batch.baseSequence && entry.recordCount === batch.recordCount;
  const last = own.find(({ baseOffset }) => baseOffset === state.lastOffset);
  // One that was cut differently ends where the last one did, and begins elsewhere: it has no offset of its own.
  const isLast = last === undefined || isSame(last);
  if (isLast && lastSequence(batch) === state.lastSequence) {
    return { kind: 'duplicate', baseOffset: state.lastOffset };
  }
  const earlier = own.find(isSame);
  if (earlier !== undefined) return { kind: 'duplicate', baseOffset: earlier.baseOffset };
  if (isAhead(batch.baseSequence, state.lastSequence)) {
    return gap(batch, state.lastSequence + 1, 'batches are missing');
  }
  // Its producer would take it for stored, and some of it isn't.
  if (isAhead(lastSequence(batch), state.lastSequence)) {
    return gap(batch, state.lastSequence + 1, 'a part of the batch was appended before');
  }
  return rejected(
    'DUPLICATE_SEQUENCE_NUMBER',
    `sequence ${batch.baseSequence} of producer ${batch.producerId} was appended before; its offset isn't known any more`,
  );
}

/** Whether a sequence comes after another one; they wrap, so that half of them do. */
export function isAhead(sequence: number, other: number): boolean {
  const ahead = (sequence - other + SEQUENCE_COUNT) % SEQUENCE_COUNT;
  return ahead > 0 && ahead < SEQUENCE_COUNT / 2;
}

function gap(batch: SequencedBatch, expected: number, why: string): Rejected {
  return rejected(
    'OUT_OF_ORDER_SEQUENCE_NUMBER',
    `sequence ${batch.baseSequence} of producer ${batch.producerId} where ${expected % SEQUENCE_COUNT} is next: ${why}`,
  );
}
