// How far dead letters of a partition were sent back, kept where a group keeps such things: a position, before which all
// were sent back or left, and what was sent back one by one beyond it. The position is the committed offset of the group
// `<topic>.redrive`, the others are its metadata: `ahead:12,17`.
//
// Invariant of a RedriveProgress: all of `ahead` are larger than `position`.

import type { CommittedOffset } from '../../client/admin-groups.ts';

export interface RedriveProgress {
  readonly position: number;
  readonly ahead: ReadonlySet<number>;
}

const AHEAD = /^ahead:(\d+(?:,\d+)*)$/;

/** What retention has removed counts as passed. */
export function progressOf(committed: CommittedOffset | undefined, low: number): RedriveProgress {
  const position = Math.max(Number(committed?.offset ?? low), low);
  const ahead =
    AHEAD.exec(committed?.metadata ?? '')?.[1]
      ?.split(',')
      .map(Number) ?? [];
  return normalized(position, ahead);
}

export function isPassed({ position, ahead }: RedriveProgress, offset: number): boolean {
  return offset < position || ahead.has(offset);
}

/** This one was sent back, wherever it stands. */
export function passOne({ position, ahead }: RedriveProgress, offset: number): RedriveProgress {
  return normalized(position, [...ahead, offset]);
}

/** All up to this one were sent back or left. */
export function passUpTo({ position, ahead }: RedriveProgress, offset: number): RedriveProgress {
  return normalized(Math.max(position, offset + 1), [...ahead]);
}

export function metadataOf({ ahead }: RedriveProgress): string {
  return ahead.size === 0 ? '' : `ahead:${[...ahead].join(',')}`;
}

function normalized(from: number, offsets: readonly number[]): RedriveProgress {
  const ahead = new Set(offsets.toSorted((left, right) => left - right));
  let position = from;
  for (const offset of ahead) {
    if (offset > position) break;
    ahead.delete(offset);
    if (offset === position) position += 1;
  }
  return { position, ahead };
}
