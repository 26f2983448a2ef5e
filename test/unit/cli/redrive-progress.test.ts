import { describe, expect, it } from 'vitest';
import {
  isPassed,
  metadataOf,
  passOne,
  passUpTo,
  progressOf,
} from '../../../lib/cli/dlq/redrive-progress.ts';

function committed(offset: number, metadata: string) {
  return { partition: 0, offset: String(offset), metadata };
}

describe('the progress of a redrive', () => {
  it('begins where the log begins, and goes on where it is committed', () => {
    expect(progressOf(undefined, 3)).toEqual({ position: 3, ahead: new Set() });
    expect(progressOf(committed(5, ''), 3)).toEqual({ position: 5, ahead: new Set() });
    expect(progressOf(committed(5, 'ahead:7,9'), 3)).toEqual({
      position: 5,
      ahead: new Set([7, 9]),
    });
  });

  it('counts what retention has removed as passed', () => {
    expect(progressOf(committed(5, 'ahead:7,8,12'), 7)).toEqual({
      position: 9,
      ahead: new Set([12]),
    });
  });

  it('survives being written and read, whatever was passed in whatever order', () => {
    let progress = progressOf(undefined, 0);
    for (const offset of [4, 2, 9]) progress = passOne(progress, offset);
    expect(metadataOf(progress)).toBe('ahead:2,4,9');
    progress = progressOf(committed(progress.position, metadataOf(progress)), 0);
    expect([0, 2, 3, 4, 9].map((offset) => isPassed(progress, offset))).toEqual([
      false,
      true,
      false,
      true,
      true,
    ]);
    expect(passUpTo(progress, 3)).toEqual({ position: 5, ahead: new Set([9]) });
    expect(passUpTo(progress, 8)).toEqual({ position: 10, ahead: new Set() });
    expect(passOne(progress, 0)).toEqual({ position: 1, ahead: new Set([2, 4, 9]) });
    expect(metadataOf(passUpTo(progress, 8))).toBe('');
  });

  it('takes metadata of others for none', () => {
    expect(progressOf(committed(5, 'ahead:x'), 0)).toEqual({ position: 5, ahead: new Set() });
  });
});
