import { describe, expect, it } from 'vitest';
import { assignRoundrobin } from '../../../lib/group/assign-roundrobin.ts';
import { assignorInput, assignorMember, parts } from './builders.ts';

function assign(
  counts: Readonly<Record<string, number>>,
  members: readonly Parameters<typeof assignorMember>[],
): Readonly<Record<string, unknown>> {
  const result = assignRoundrobin(
    assignorInput(
      counts,
      members.map((member) => assignorMember(...member)),
    ),
  );
  return Object.fromEntries([...result].map(([memberId, got]) => [memberId, parts(got)]));
}

describe('assignRoundrobin', () => {
  it("gives Kafka's documented example: two topics of three partitions, two members", () => {
    expect(
      assign({ t0: 3, t1: 3 }, [
        ['C0', ['t0', 't1']],
        ['C1', ['t0', 't1']],
      ]),
    ).toEqual({
      C0: { t0: [0, 2], t1: [1] },
      C1: { t0: [1], t1: [0, 2] },
    });
  });

  it("gives Kafka's documented example of different subscriptions", () => {
    expect(
      assign({ t0: 1, t1: 2, t2: 3 }, [
        ['C0', ['t0']],
        ['C1', ['t0', 't1']],
        ['C2', ['t0', 't1', 't2']],
      ]),
    ).toEqual({ C0: { t0: [0] }, C1: { t1: [0] }, C2: { t1: [1], t2: [0, 1, 2] } });
  });

  it('passes over a topic that nobody subscribes to', () => {
    expect(assign({ other: 2, orders: 1 }, [['C0', ['orders']]])).toEqual({ C0: { orders: [0] } });
  });
});
