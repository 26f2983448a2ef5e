// When a head's tail is rolled into an index page, and what is in the page.
//
// The head is charged by its whole size with every append, so its tail is kept short. The append that crosses the
// limit rolls, not every one above it; at twice the limit any does, because that one may have died.

import { assert } from '../assert.ts';
import { TAIL_ENTRIES_ROLL } from '../limits.ts';
import { byteCountOf, type Head, type Page, recordCountOf } from './partition.ts';

/** The page to put when the append of `appendedCount` entries, after which the head stands, must roll the tail. */
export function planRoll(head: Head, appendedCount: number): Page | undefined {
  const count = head.tail.length;
  const crossed = count >= TAIL_ENTRIES_ROLL && count - appendedCount < TAIL_ENTRIES_ROLL;
  return crossed || count >= 2 * TAIL_ENTRIES_ROLL ? pageOf(head) : undefined;
}

/** The whole tail as a page. */
export function pageOf(head: Head): Page {
  assert(head.tail.length > 0, 'only a tail with entries is rolled');
  return {
    baseOffset: head.tailBase,
    endOffset: head.tailBase + BigInt(recordCountOf(head.tail)),
    entries: head.tail,
    maxTimestampMs: Math.max(
      head.rolledMaxTimestampMs,
      ...head.tail.map((entry) => entry.maxTimestampMs),
    ),
    bytesBefore: head.rolledBytes,
  };
}

/** The head after its tail's first entries were moved into the page: what a trim makes of it. */
export function trimmed(head: Head, page: Page): Head {
  assert(head.tailBase === page.baseOffset, 'a page is trimmed from the tail that it was made of');
  return {
    ...head,
    tailBase: page.endOffset,
    tail: head.tail.slice(page.entries.length),
    rolledMaxTimestampMs: page.maxTimestampMs,
    rolledBytes: page.bytesBefore + byteCountOf(page.entries),
  };
}
