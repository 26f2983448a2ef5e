import { describe, expect, it } from 'vitest';
import { RANGE_GAP_BYTES_MAX } from '../../../lib/limits.ts';
import { EntryColumns, WalObjects } from '../../../lib/log/merge-entries.ts';
import { WindowPlanner } from '../../../lib/log/merge-window.ts';
import { entry, ulid } from '../../support/log.ts';

interface Piece {
  readonly id: number;
  readonly at: number;
}

/** Queues of entries of 100 bytes; what is read, object by object, and the entries that it brings, `queue/entry`. */
function windowsOf(
  queues: readonly (readonly Piece[])[],
  maxBytes: number,
): { readonly gets: string[]; readonly pieces: string[] }[] {
  const objects = new WalObjects();
  const columns = queues.map((pieces) => {
    const column = new EntryColumns();
    for (const { id, at } of pieces) {
      column.push(entry({ objectId: ulid(id), positionBytes: at, lengthBytes: 100 }), objects);
    }
    return column;
  });
  const planner = new WindowPlanner(columns, objects.ranks());
  const windows: { gets: string[]; pieces: string[] }[] = [];
  for (let next = planner.next(maxBytes); next !== undefined; next = planner.next(maxBytes)) {
    windows.push({
      gets: next.gets.map(({ object, positionBytes, lengthBytes }) => {
        const id = queues.flat().find((piece) => ulid(piece.id) === objects.idOf(object))?.id;
        return `${id}:${positionBytes}+${lengthBytes}`;
      }),
      pieces: Array.from({ length: next.pieces.count }, (_, place) => {
        const { pieces } = next;
        return `${pieces.queueAt(place)}/${pieces.entryAt(place)}<${pieces.getAt(place)}`;
      }),
    });
  }
  return windows;
}

const at = (...ids: readonly number[]): Piece[] => ids.map((id) => ({ id, at: 0 }));

describe('WindowPlanner', () => {
  it('reads an object once for all that share it', () => {
    const queues = [
      [{ id: 1, at: 0 }],
      [
        { id: 1, at: 100 },
        { id: 2, at: 0 },
      ],
      [{ id: 1, at: 250 }],
    ];
    expect(windowsOf(queues, 1_000)).toEqual([
      { gets: ['1:0+350', '2:0+100'], pieces: ['0/0<0', '1/0<0', '2/0<0', '1/1<1'] },
    ]);
  });

  it('keeps the order of offsets where objects are out of order', () => {
    const [window] = windowsOf([at(5, 1), at(3, 5)], 1_000);
    expect(window?.pieces).toEqual(['1/0<0', '0/0<1', '1/1<1', '0/1<2']);
    expect(window?.gets).toEqual(['3:0+100', '5:0+100', '1:0+100']);
  });

  it('ends a window behind an object, when it has as many bytes as it may', () => {
    const windows = windowsOf([at(1, 2, 3), at(1, 2)], 300);
    expect(windows.map(({ pieces }) => pieces.length)).toEqual([4, 1]);
  });

  it('takes an object that is larger than the window', () => {
    expect(windowsOf([at(1, 2)], 10).map(({ pieces }) => pieces)).toEqual([['0/0<0'], ['0/1<0']]);
  });

  it('reads apart what lies far apart in one object', () => {
    const far = 100 + RANGE_GAP_BYTES_MAX;
    const near = windowsOf([[{ id: 1, at: 0 }], [{ id: 1, at: far }]], 1_000);
    expect(near).toEqual([{ gets: [`1:0+${far + 100}`], pieces: ['0/0<0', '1/0<0'] }]);
    const apart = windowsOf([[{ id: 1, at: far + 1 }], [{ id: 1, at: 0 }]], 1_000);
    expect(apart).toEqual([{ gets: ['1:0+100', `1:${far + 1}+100`], pieces: ['0/0<1', '1/0<0'] }]);
  });

  it('reads nothing more of a queue that was dropped', () => {
    const objects = new WalObjects();
    const column = new EntryColumns();
    column.push(entry({ objectId: ulid(1) }), objects);
    const planner = new WindowPlanner([column], objects.ranks());
    planner.drop(0);
    expect(planner.next(100)).toBeUndefined();
  });

  it('has nothing to read of queues without entries', () => {
    expect(windowsOf([[]], 100)).toEqual([]);
  });
});
