import { describe, expect, it } from 'vitest';
import type { EventContext, GroupEvent } from '../../../lib/group/event.ts';
import { type GroupState, newGroup } from '../../../lib/group/state.ts';
import { transition } from '../../../lib/group/transition.ts';
import {
  applied,
  assignment,
  groupOf,
  joiner,
  ORDERS,
  parts,
  profile,
  settle,
  told,
  topics,
} from './builders.ts';

function acknowledge(
  memberId: string,
  epoch: number,
  owned: Readonly<Record<string, readonly number[]>> = {},
): GroupEvent {
  return { kind: 'acknowledge', memberId, epoch, owned: assignment(owned) };
}

describe('transition: none → stable', () => {
  it('gives the first member everything at once', () => {
    const state = groupOf(['a']);
    expect(told(state)).toEqual({ a: ['stable', { orders: [0, 1, 2] }] });
    expect(state).toMatchObject({ epoch: 1, assignmentEpoch: 1, assignor: 'uniform' });
  });

  it('gives a member more than there are partitions nothing, and calls it stable', () => {
    const state = settle(groupOf(['a', 'b', 'c', 'd', 'e']));
    const idle = [...state.members.values()].filter(
      ({ published }) => published.assignment.length === 0,
    );
    expect(idle).toHaveLength(2);
    expect(idle.every(({ published }) => published.phase === 'stable')).toBe(true);
  });
});

describe('transition: none → unreleased, stable → unrevoked', () => {
  it('takes from the first what the second is to have, and gives it to nobody yet', () => {
    expect(told(groupOf(['a', 'b']))).toEqual({
      a: ['unrevoked', { orders: [0, 1] }],
      b: ['unreleased', {}],
    });
  });
});

describe('transition: unrevoked → stable, unreleased → stable', () => {
  it('hands the partition over when the epoch that took it away is acknowledged', () => {
    const state = groupOf(['a', 'b']);
    const next = applied(state, [acknowledge('a', state.epoch, { orders: [0, 1] })]);
    expect(told(next)).toEqual({
      a: ['stable', { orders: [0, 1] }],
      b: ['stable', { orders: [2] }],
    });
    expect(next.epoch).toBe(state.epoch + 1);
  });

  it('monotonic-ownership: a heartbeat under way that merely does not list the partition frees nothing', () => {
    const state = groupOf(['a', 'b']);
    expect(
      transition(state, acknowledge('a', state.epoch - 1, { orders: [0, 1] }), ORDERS),
    ).toEqual({
      kind: 'unchanged',
    });
  });

  it('monotonic-ownership: an acknowledgement of an older revocation does not free a later one', () => {
    const two = groupOf(['a', 'b']);
    const three = applied(two, [
      { kind: 'join', joiners: [joiner('c', { joinEpoch: two.epoch + 1 })] },
    ]);
    expect(parts(three.members.get('a')?.published.assignment)).toEqual({ orders: [0] });
    expect(transition(three, acknowledge('a', two.epoch, { orders: [0] }), ORDERS)).toEqual({
      kind: 'unchanged',
    });
  });

  it('monotonic-ownership: the epoch with the partition still in use frees nothing', () => {
    const state = groupOf(['a', 'b']);
    expect(transition(state, acknowledge('a', state.epoch, { orders: [0, 1, 2] }), ORDERS)).toEqual(
      { kind: 'unchanged' },
    );
  });

  it('ignores an acknowledgement that nobody waits for, and one of a stranger', () => {
    const state = settle(groupOf(['a', 'b']));
    const [member] = state.members.values();
    expect(transition(state, acknowledge('a', member?.published.epoch ?? 0), ORDERS)).toEqual({
      kind: 'unchanged',
    });
    expect(transition(state, acknowledge('z', state.epoch), ORDERS)).toEqual({ kind: 'unchanged' });
  });
});

describe('transition: unrevoked → stable without giving up', () => {
  it('gives a partition back to the member that still holds it, at a later epoch', () => {
    const state = groupOf(['a', 'b']);
    const next = applied(state, [
      {
        kind: 'leave',
        lives: [{ memberId: 'b', joinEpoch: state.members.get('b')?.joinEpoch ?? 0 }],
      },
    ]);
    expect(told(next)).toEqual({ a: ['stable', { orders: [0, 1, 2] }] });
    expect(next.members.get('a')?.published.epoch).toBe(state.epoch + 1);
    expect(next.members.get('a')?.revoking).toEqual([]);
  });
});

describe('transition: any → none', () => {
  it.each(['leave', 'expire'] as const)('%s: what the member held goes to the others', (kind) => {
    const state = settle(groupOf(['a', 'b', 'c'], { assignor: 'range' }));
    const life = { memberId: 'b', joinEpoch: state.members.get('b')?.joinEpoch ?? 0 };
    expect(told(settle(applied(state, [{ kind, lives: [life] }])))).toEqual({
      a: ['stable', { orders: [0, 1] }],
      c: ['stable', { orders: [2] }],
    });
  });

  it('an idle member takes over when an active one dies', () => {
    const state = settle(groupOf(['a', 'b', 'c', 'd']));
    const life = { memberId: 'a', joinEpoch: state.members.get('a')?.joinEpoch ?? 0 };
    const next = applied(state, [{ kind: 'expire', lives: [life] }]);
    expect(told(next).d).toEqual(['stable', { orders: [0] }]);
  });

  it('remembers since when a group is empty, and forgets it when somebody joins', () => {
    const state = groupOf(['a']);
    const empty = applied(state, [{ kind: 'leave', lives: [{ memberId: 'a', joinEpoch: 1 }] }]);
    expect(empty).toMatchObject({ emptySinceMs: 1_000, epoch: 1 });
    const again = applied(empty, [{ kind: 'join', joiners: [joiner('b', { joinEpoch: 2 })] }]);
    expect(again).not.toHaveProperty('emptySinceMs');
    expect(again.epoch).toBe(2);
  });

  it('fenced: the end of a former life does not end the present one', () => {
    const state = groupOf(['a']);
    const again = applied(state, [{ kind: 'join', joiners: [joiner('a', { joinEpoch: 2 })] }]);
    expect(
      transition(again, { kind: 'expire', lives: [{ memberId: 'a', joinEpoch: 1 }] }, ORDERS),
    ).toEqual({ kind: 'unchanged' });
  });
});

describe('transition: join again', () => {
  it('fenced: a rejoin raises the epoch and moves nothing', () => {
    const state = settle(groupOf(['a', 'b']));
    const next = applied(state, [
      { kind: 'join', joiners: [joiner('a', { joinEpoch: state.epoch + 1 })] },
    ]);
    expect(told(next)).toEqual(told(state));
    expect(next.members.get('a')?.published.epoch).toBe(state.epoch + 1);
    expect(next.members.get('b')).toEqual(state.members.get('b'));
  });

  it('fenced: nobody is told an epoch below the one at which its life began', () => {
    const next = applied(groupOf(['a']), [
      { kind: 'join', joiners: [joiner('a', { joinEpoch: 40 })] },
    ]);
    expect(next.members.get('a')?.published.epoch).toBe(40);
  });

  it('monotonic-ownership: what it was giving up stays held until the new process acknowledges', () => {
    const state = groupOf(['a', 'b']);
    const next = applied(state, [
      { kind: 'join', joiners: [joiner('a', { joinEpoch: state.epoch + 1 })] },
    ]);
    expect(parts(next.members.get('a')?.revoking)).toEqual({ orders: [2] });
    expect(told(settle(next))).toEqual({
      a: ['stable', { orders: [0, 1] }],
      b: ['stable', { orders: [2] }],
    });
  });

  it('several joiners at once get disjoint parts', () => {
    const joiners = ['a', 'b', 'c'].map((memberId) => joiner(memberId));
    expect(told(applied(newGroup('billing'), [{ kind: 'join', joiners }]))).toEqual({
      a: ['stable', { orders: [0] }],
      b: ['stable', { orders: [1] }],
      c: ['stable', { orders: [2] }],
    });
  });
});

describe('transition: static members', () => {
  const staticJoiner = (memberId: string, instanceId: string, joinEpoch: number) =>
    joiner(memberId, { joinEpoch, profile: profile({ instanceId }) });

  it('a member in the place of its fenced forerunner gets the same partitions, and nobody else hears of it', () => {
    const state = settle(
      applied(newGroup('billing'), [
        { kind: 'join', joiners: [staticJoiner('a', 'i1', 1)] },
        { kind: 'join', joiners: [staticJoiner('b', 'i2', 2)] },
      ]),
    );
    const next = applied(state, [
      {
        kind: 'join',
        joiners: [{ ...staticJoiner('c', 'i1', state.epoch + 1), replaces: 'a' }],
      },
    ]);
    expect([...next.members.keys()].sort()).toEqual(['b', 'c']);
    expect(told(next).c).toEqual(told(state).a);
    expect(next.members.get('b')).toEqual(state.members.get('b'));
  });

  it('two members with one instance id: the second is refused', () => {
    const state = applied(newGroup('billing'), [
      { kind: 'join', joiners: [staticJoiner('a', 'i1', 1)] },
    ]);
    expect(
      transition(state, { kind: 'join', joiners: [staticJoiner('b', 'i1', 2)] }, ORDERS),
    ).toMatchObject({ kind: 'rejected', code: 'UNRELEASED_INSTANCE_ID' });
  });
});

describe('transition: topics', () => {
  it('stable → unreleased or stable: added partitions are dealt out without a restart', () => {
    const state = settle(groupOf(['a', 'b', 'c']));
    const context = { topics: topics({ orders: 6 }), nowMs: 2_000 };
    const next = settle(applied(state, [{ kind: 'refresh' }], context), context);
    expect(
      Object.values(told(next)).map(
        (entry) => (entry as [string, { orders: number[] }])[1].orders.length,
      ),
    ).toEqual([2, 2, 2]);
  });

  it('takes away the partitions of a topic that is gone', () => {
    const next = applied(groupOf(['a']), [{ kind: 'refresh' }], { topics: [], nowMs: 2_000 });
    expect(told(next)).toEqual({ a: ['unrevoked', {}] });
    expect(told(settle(next, { topics: [], nowMs: 2_000 }))).toEqual({ a: ['stable', {}] });
  });

  it('a topic made again under its name is told only when its namesake was given up: members know names', () => {
    const context = {
      topics: [{ name: 'orders', topicId: 'id-new', partitionCount: 1 }],
      nowMs: 2_000,
    };
    const heard = applied(groupOf(['a']), [{ kind: 'refresh' }], context);
    expect(told(heard)).toEqual({ a: ['unrevoked', {}] });
    expect(heard.members.get('a')?.revoking.map(({ topicId }) => topicId)).toEqual(['id-orders']);
    const next = settle(heard, context);
    expect(next.members.get('a')?.published).toMatchObject({
      phase: 'stable',
      assignment: [{ topicId: 'id-new', topicName: 'orders', partitions: [0] }],
    });
  });

  it('nobody is told a topic made again while somebody else has its namesake', () => {
    const context = {
      topics: [{ name: 'orders', topicId: 'id-new', partitionCount: 1 }],
      nowMs: 2_000,
    };
    const heard = applied(settle(groupOf(['a', 'b'])), [{ kind: 'refresh' }], context);
    const [[waiting]] = [...heard.members].filter(([, { target }]) => target.length > 0) as [
      [string, unknown],
    ];
    const other = waiting === 'a' ? 'b' : 'a';
    const own = applied(
      heard,
      [{ kind: 'acknowledge', memberId: waiting, epoch: heard.epoch, owned: [] }],
      context,
    );
    const held = own.members.get(other)?.revoking.flatMap(({ partitions }) => partitions);
    const assigned = own.members.get(waiting)?.published.assignment ?? [];
    expect(assigned).toHaveLength(held?.includes(0) ? 0 : 1);
    expect(settle(own, context).members.get(waiting)?.published.assignment).toHaveLength(1);
  });

  it('changes nothing while the topics stay as they were', () => {
    expect(transition(groupOf(['a']), { kind: 'refresh' }, ORDERS)).toEqual({ kind: 'unchanged' });
  });

  it('takes what its member may not know of any more from a regex, while others keep it', () => {
    const joiners = ['alice', 'bob'].map((name) => ({
      memberId: name,
      joinEpoch: 1,
      profile: profile({
        subscription: { topicNames: [], topicRegex: 'o.*', principal: `User:${name}` },
      }),
    }));
    const [orders] = topics({ orders: 2 });
    const hidden = (...names: string[]): EventContext => ({
      topics: orders === undefined ? [] : [{ ...orders, hiddenFrom: new Set(names) }],
      nowMs: 1_000,
    });
    const all = hidden();
    const refresh = { kind: 'refresh' } as const;
    const state = settle(applied(newGroup('g'), [{ kind: 'join', joiners }], all), all);
    const targets = (of: GroupState) =>
      [...of.members.values()].map(({ target }) => parts(target).orders?.length ?? 0);
    expect(targets(state)).toEqual([1, 1]);
    expect(transition(state, refresh, all)).toEqual({ kind: 'unchanged' });
    const without = settle(applied(state, [refresh], hidden('User:bob')), hidden('User:bob'));
    expect(targets(without)).toEqual([2, 0]);
    expect(transition(without, refresh, hidden('User:bob'))).toEqual({ kind: 'unchanged' });
    expect(targets(settle(applied(without, [refresh], all), all))).toEqual([1, 1]);
    const nobody = hidden('User:alice', 'User:bob');
    expect(targets(applied(state, [refresh], nobody))).toEqual([0, 0]);
  });

  it('a new subscription moves the partitions of the topics that changed', () => {
    const context = { topics: topics({ orders: 2, payments: 2 }), nowMs: 1_000 };
    const state = settle(groupOf(['a', 'b'], { context }), context);
    const next = applied(
      state,
      [{ kind: 'subscribe', memberId: 'b', subscription: { topicNames: ['payments'] } }],
      context,
    );
    expect(told(settle(next, context))).toEqual({
      a: ['stable', { orders: [0, 1] }],
      b: ['stable', { payments: [0, 1] }],
    });
  });

  it('the same subscription, or that of a stranger, changes nothing', () => {
    const state = groupOf(['a']);
    const subscription = { topicNames: ['orders'] };
    for (const memberId of ['a', 'z']) {
      expect(transition(state, { kind: 'subscribe', memberId, subscription }, ORDERS)).toEqual({
        kind: 'unchanged',
      });
    }
  });
});

describe('transition: bounds and wishes', () => {
  it('takes the assignor that most members wish', () => {
    const joiners = [
      joiner('a', { assignor: 'range' }),
      joiner('b', { assignor: 'range' }),
      joiner('c', { assignor: 'roundrobin' }),
      joiner('d'),
    ];
    expect(applied(newGroup('billing'), [{ kind: 'join', joiners }]).assignor).toBe('range');
  });

  it('refuses the member after the last that a group may have', () => {
    const joiners = Array.from({ length: 1_000 }, (_, index) => joiner(`m${index}`));
    const state = applied(newGroup('billing'), [{ kind: 'join', joiners }]);
    expect(
      transition(state, { kind: 'join', joiners: [joiner('one-more')] }, ORDERS),
    ).toMatchObject({ kind: 'rejected', code: 'GROUP_MAX_SIZE_REACHED' });
  });

  it('refuses more partitions than a group may read', () => {
    const context = { topics: topics({ orders: 10_001 }), nowMs: 0 };
    expect(
      transition(newGroup('billing'), { kind: 'join', joiners: [joiner('a')] }, context),
    ).toMatchObject({ kind: 'rejected', code: 'POLICY_VIOLATION' });
  });

  it('takes in whoever asks without those at the door that would have it refused', () => {
    const context = { topics: topics({ orders: 3, all: 10_000 }), nowMs: 1 };
    const greedy = profile({ subscription: { topicNames: ['all'] } });
    const joiners = [
      joiner('a', { joinEpoch: 1 }),
      joiner('b', { joinEpoch: 1, profile: greedy }),
      joiner('c', { joinEpoch: 1 }),
    ];
    const state = applied(newGroup('billing'), [{ kind: 'join', joiners }], context);
    expect([...state.members.keys()]).toEqual(['a']);
    expect(told(state)).toEqual({ a: ['stable', { orders: [0, 1, 2] }] });
  });

  it('refuses a member that would make the group larger than an item can be', () => {
    const topicNames = Array.from({ length: 1_000 }, (_, index) => `${index}`.padEnd(249, 'x'));
    const reading = profile({ subscription: { topicNames } });
    const join = (memberId: string, joinEpoch: number): GroupEvent => ({
      kind: 'join',
      joiners: [joiner(memberId, { joinEpoch, profile: reading })],
    });
    const state = applied(newGroup('billing'), [join('a', 1), join('b', 2)]);
    const others = { subscription: { topicNames: topicNames.map((name) => `y${name.slice(1)}`) } };
    const joiners = [joiner('c', { joinEpoch: 9, profile: profile(others) })];
    expect(transition(state, { kind: 'join', joiners }, ORDERS)).toMatchObject({
      kind: 'rejected',
      code: 'GROUP_MAX_SIZE_REACHED',
      message: expect.stringContaining('bytes'),
    });
  });
});
