// What every assignor must keep, over random groups: everything is assigned once, to somebody who asked for it; and
// what uniform promises beyond that.

import { describe, expect, it } from 'vitest';
import { assignRange } from '../../lib/group/assign-range.ts';
import { assignRoundrobin } from '../../lib/group/assign-roundrobin.ts';
import { assignUniform } from '../../lib/group/assign-uniform.ts';
import {
  type Assignment,
  intersect,
  partitionCount,
  partitionsOf,
  partitionText,
} from '../../lib/group/assignment.ts';
import type { Assignor, AssignorInput, AssignorMember } from '../../lib/group/assignor.ts';
import { fc } from '../support/property.ts';

const TOPICS = ['a', 'b', 'c', 'd'].map((name) => `id-${name}`);

/** Random topics, and members that subscribe to some of them. */
const groups = fc
  .record({
    counts: fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 4, maxLength: 4 }),
    subscriptions: fc.array(fc.subarray(TOPICS, { minLength: 1 }), { minLength: 1, maxLength: 9 }),
  })
  .map(
    ({ counts, subscriptions }): AssignorInput => ({
      topics: TOPICS.map((topicId, index) => ({
        topicId,
        name: topicId.slice(3),
        partitionCount: counts[index] ?? 0,
      })),
      members: subscriptions.map((topicIds, index) => ({
        memberId: `m${index}`,
        topicIds: new Set(topicIds),
        previous: [],
      })),
    }),
  );

/** The same group with everybody remembering what it got. */
function remembering(input: AssignorInput, got: ReadonlyMap<string, Assignment>): AssignorInput {
  return {
    ...input,
    members: input.members.map((member) => ({
      ...member,
      previous: got.get(member.memberId) ?? [],
    })),
  };
}

function loads(got: ReadonlyMap<string, Assignment>): readonly number[] {
  return [...got.values()].map(partitionCount);
}

/** How many partitions another member has after than before. */
function movedCount(
  before: ReadonlyMap<string, Assignment>,
  after: ReadonlyMap<string, Assignment>,
): number {
  let moved = 0;
  for (const [memberId, had] of before) {
    moved += partitionCount(had) - partitionCount(intersect(had, after.get(memberId) ?? []));
  }
  return moved;
}

describe.each<[string, Assignor]>([
  ['uniform', assignUniform],
  ['range', assignRange],
  ['roundrobin', assignRoundrobin],
])('%s', (_, assign) => {
  it('one-owner: assigns every partition that somebody wants exactly once, to one who wants it', () => {
    fc.assert(
      fc.property(groups, (input) => {
        const got = assign(input);
        const given = [...got.values()].flatMap(partitionsOf).map(partitionText).sort();
        const wanted = input.topics
          .filter(({ topicId }) => input.members.some(({ topicIds }) => topicIds.has(topicId)))
          .flatMap(({ topicId, partitionCount: count }) =>
            Array.from({ length: count }, (__, partition) => `${topicId}/${partition}`),
          )
          .sort();
        expect(given).toEqual(wanted);
        for (const { memberId, topicIds } of input.members) {
          for (const { topicId } of got.get(memberId) ?? []) expect(topicIds).toContain(topicId);
        }
      }),
    );
  });

  it('gives the same whatever the order in which members are listed', () => {
    fc.assert(
      fc.property(groups, (input) => {
        const reversed = { ...input, members: input.members.toReversed() };
        expect(new Map([...assign(reversed)].sort())).toEqual(new Map([...assign(input)].sort()));
      }),
    );
  });
});

describe('uniform', () => {
  it('moves nothing when nothing changed', () => {
    fc.assert(
      fc.property(groups, (input) => {
        const got = assignUniform(input);
        expect(assignUniform(remembering(input, got))).toEqual(got);
      }),
    );
  });

  it('leaves nobody with two more than somebody who could take one over', () => {
    fc.assert(
      fc.property(groups, (input) => {
        const got = assignUniform(input);
        for (const giver of input.members) {
          const held = got.get(giver.memberId) ?? [];
          for (const receiver of input.members) {
            if (!held.some(({ topicId }) => receiver.topicIds.has(topicId))) continue;
            const theirs = partitionCount(got.get(receiver.memberId) ?? []);
            expect(partitionCount(held) - theirs).toBeLessThan(2);
          }
        }
      }),
    );
  });

  it('with equal subscriptions is balanced to one, and a join moves at most ceil(partitions / members)', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 200 }),
        fc.integer({ min: 1, max: 40 }),
        (count, size) => {
          const topics = [{ topicId: 'id-a', name: 'a', partitionCount: count }];
          let members: readonly AssignorMember[] = [];
          let before: ReadonlyMap<string, Assignment> = new Map();
          for (let joined = 1; joined <= size; joined += 1) {
            const newcomer = { memberId: `m${joined}`, topicIds: new Set(['id-a']), previous: [] };
            const input = remembering({ topics, members: [...members, newcomer] }, before);
            const got = assignUniform(input);
            expect(Math.max(...loads(got)) - Math.min(...loads(got))).toBeLessThanOrEqual(1);
            expect(movedCount(before, got)).toBeLessThanOrEqual(Math.ceil(count / joined));
            before = got;
            members = input.members;
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('with equal subscriptions a departure moves only what the departed had', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 2, max: 40 }),
        (count, size) => {
          const topics = [{ topicId: 'id-a', name: 'a', partitionCount: count }];
          const members = Array.from({ length: size }, (_, index) => ({
            memberId: `m${index}`,
            topicIds: new Set(['id-a']),
            previous: [],
          }));
          const before = assignUniform({ topics, members });
          const left = remembering({ topics, members: members.slice(1) }, before);
          const stayed = new Map([...before].filter(([memberId]) => memberId !== 'm0'));
          expect(movedCount(stayed, assignUniform(left))).toBe(0);
        },
      ),
    );
  });
});
