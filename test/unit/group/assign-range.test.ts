import { describe, expect, it } from 'vitest';
import { assignRange } from '../../../lib/group/assign-range.ts';
import { assignorInput, assignorMember, parts } from './builders.ts';

function assign(
  counts: Readonly<Record<string, number>>,
  members: readonly Parameters<typeof assignorMember>[],
): Readonly<Record<string, unknown>> {
  const result = assignRange(
    assignorInput(
      counts,
      members.map((member) => assignorMember(...member)),
    ),
  );
  return Object.fromEntries([...result].map(([memberId, got]) => [memberId, parts(got)]));
}

describe('assignRange', () => {
  it("gives Kafka's documented example: two topics of three partitions, two members", () => {
    expect(
      assign({ t0: 3, t1: 3 }, [
        ['C0', ['t0', 't1']],
        ['C1', ['t0', 't1']],
      ]),
    ).toEqual({
      C0: { t0: [0, 1], t1: [0, 1] },
      C1: { t0: [2], t1: [2] },
    });
  });

  it('gives one member everything', () => {
    expect(assign({ orders: 3 }, [['C1', ['orders']]])).toEqual({ C1: { orders: [0, 1, 2] } });
  });

  it('gives three members one partition each, and two others of five nothing', () => {
    expect(
      assign(
        { orders: 3 },
        ['C1', 'C2', 'C3', 'C4', 'C5'].map((id) => [id, ['orders']]),
      ),
    ).toEqual({ C1: { orders: [0] }, C2: { orders: [1] }, C3: { orders: [2] }, C4: {}, C5: {} });
  });

  it('gives the first and the third member what the second had when it is gone', () => {
    expect(
      assign({ orders: 3 }, [
        ['C3', ['orders']],
        ['C1', ['orders']],
      ]),
    ).toEqual({
      C1: { orders: [0, 1] },
      C3: { orders: [2] },
    });
  });

  it('looks at each topic alone when subscriptions differ', () => {
    expect(
      assign({ t0: 1, t1: 2, t2: 3 }, [
        ['C0', ['t0', 't1', 't2']],
        ['C1', ['t1', 't2']],
        ['C2', ['t2']],
      ]),
    ).toEqual({
      C0: { t0: [0], t1: [0], t2: [0] },
      C1: { t1: [1], t2: [1] },
      C2: { t2: [2] },
    });
  });

  it('sorts static members by instance id before the others by member id', () => {
    expect(
      assign({ orders: 3 }, [
        ['a', ['orders']],
        ['z', ['orders'], { instanceId: 'i1' }],
        ['y', ['orders'], { instanceId: 'i2' }],
      ]),
    ).toEqual({ z: { orders: [0] }, y: { orders: [1] }, a: { orders: [2] } });
  });
});
