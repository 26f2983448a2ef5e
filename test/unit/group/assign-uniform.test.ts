import { describe, expect, it } from 'vitest';
import { assignUniform } from '../../../lib/group/assign-uniform.ts';
import { assignment, assignorInput, assignorMember, parts } from './builders.ts';

function assign(
  counts: Readonly<Record<string, number>>,
  members: readonly Parameters<typeof assignorMember>[],
): Readonly<Record<string, unknown>> {
  const result = assignUniform(
    assignorInput(
      counts,
      members.map((member) => assignorMember(...member)),
    ),
  );
  return Object.fromEntries([...result].map(([memberId, got]) => [memberId, parts(got)]));
}

describe('assignUniform', () => {
  it('deals partitions out evenly when nobody had any', () => {
    expect(
      assign({ orders: 5 }, [
        ['a', ['orders']],
        ['b', ['orders']],
      ]),
    ).toEqual({
      a: { orders: [0, 2, 4] },
      b: { orders: [1, 3] },
    });
  });

  it('moves one partition when a second member joins three', () => {
    expect(
      assign({ orders: 3 }, [
        ['a', ['orders'], { previous: assignment({ orders: [0, 1, 2] }) }],
        ['b', ['orders']],
      ]),
    ).toEqual({ a: { orders: [0, 1] }, b: { orders: [2] } });
  });

  it('gives what a member left behind to those with least, and moves nothing else', () => {
    expect(
      assign({ orders: 6 }, [
        ['a', ['orders'], { previous: assignment({ orders: [0, 3] }) }],
        ['c', ['orders'], { previous: assignment({ orders: [2, 5] }) }],
      ]),
    ).toEqual({ a: { orders: [0, 1, 3] }, c: { orders: [2, 4, 5] } });
  });

  it('moves nothing when everything is balanced, whoever has the odd partition', () => {
    expect(
      assign({ orders: 3 }, [
        ['a', ['orders'], { previous: assignment({ orders: [1] }) }],
        ['b', ['orders'], { previous: assignment({ orders: [0, 2] }) }],
      ]),
    ).toEqual({ a: { orders: [1] }, b: { orders: [0, 2] } });
  });

  it('lets go of partitions that are no longer there or no longer subscribed to', () => {
    expect(
      assign({ orders: 2, payments: 1 }, [
        ['a', ['orders'], { previous: assignment({ orders: [1, 7], payments: [0], gone: [0] }) }],
        ['b', ['orders', 'payments']],
      ]),
    ).toEqual({ a: { orders: [1] }, b: { orders: [0], payments: [0] } });
  });

  it('gives nobody a topic that it does not subscribe to, even if others stay idle', () => {
    expect(
      assign({ orders: 4 }, [
        ['a', ['orders']],
        ['b', ['payments']],
      ]),
    ).toEqual({
      a: { orders: [0, 1, 2, 3] },
      b: {},
    });
  });

  it('relieves a member through a third one that shares topics with both', () => {
    const result = assign({ x: 5, y: 1 }, [
      ['a', ['x'], { previous: assignment({ x: [0, 1, 2] }) }],
      ['b', ['x', 'y'], { previous: assignment({ x: [3, 4] }) }],
      ['c', ['y'], { previous: assignment({ y: [0] }) }],
    ]);
    expect(result).toEqual({ a: { x: [0, 1, 2] }, b: { x: [3, 4] }, c: { y: [0] } });
    expect(
      assign({ x: 4, y: 2 }, [
        ['a', ['x'], { previous: assignment({ x: [0, 1, 2] }) }],
        ['b', ['x', 'y'], { previous: assignment({ x: [3], y: [0] }) }],
        ['c', ['y'], { previous: assignment({ y: [1] }) }],
      ]),
    ).toEqual({ a: { x: [0, 1] }, b: { x: [2, 3] }, c: { y: [0, 1] } });
  });
});
