// `one-owner` and `fenced`, of consumer groups: who took partitions over, and whose commits took effect.
//
// All arguments are from time: what was answered before something else was asked came before it. So nothing is found
// that could have been right in some order of what was under way at once.

import type { Claim, Handled, OffsetCommit } from '../history.ts';
import { type Finding, finding } from './findings.ts';

export interface GroupHistory {
  readonly claims: readonly Claim[];
  readonly commits: readonly OffsetCommit[];
  readonly handled: readonly Handled[];
}

export function judgeGroups({ claims, commits, handled }: GroupHistory): Finding[] {
  const nameOf = ({ group, place }: { readonly group: string; readonly place: string }) =>
    `${group} ${place}`;
  const commitsOf = Map.groupBy(commits, nameOf);
  const claimsOf = Map.groupBy(claims, nameOf);
  const handledOf = Map.groupBy(handled, nameOf);
  // A group that commits in transactions has no commits of its own to compare with.
  const committing = new Set(commits.map(({ group }) => group));
  const judged = [...commits, ...claims].filter(({ group }) => committing.has(group));
  const names = new Set(judged.map(nameOf));
  return [...names].flatMap((name) => {
    const own = { claims: claimsOf.get(name) ?? [], commits: commitsOf.get(name) ?? [] };
    return [
      ...judgeOwners(name, own),
      ...judgeClaims(name, own),
      ...judgeHandled(name, own.commits, handledOf.get(name) ?? []),
    ];
  });
}

type PartitionCalls = Pick<GroupHistory, 'claims' | 'commits'>;

/** A commit that took effect though somebody else had taken the partition over, and its member never again. */
function judgeOwners(name: string, { claims, commits }: PartitionCalls): Finding[] {
  return commits
    .filter(({ outcome }) => outcome === 'done')
    .flatMap((commit) => {
      const others = claims.filter(
        ({ member, outcome, answeredAtUs = Number.POSITIVE_INFINITY }) =>
          member !== commit.member && outcome === 'done' && answeredAtUs < commit.askedAtUs,
      );
      // Whatever of its own may have come after somebody's takeover gives it the partition back.
      const takenAtUs = Math.max(...others.map(({ askedAtUs }) => askedAtUs));
      const mayOwn = claims.some(
        ({ member, outcome, answeredAtUs = Number.POSITIVE_INFINITY }) =>
          member === commit.member && outcome !== 'refused' && answeredAtUs > takenAtUs,
      );
      if (others.length === 0 || mayOwn) return [];
      const story = `${name}: ${commit.member} committed ${commit.offset} after ${others.at(-1)?.member} had taken it over`;
      return [finding('fencedCommits', story)];
    });
}

/** What a claim says is committed is what was committed: nothing less, and nothing that was refused. */
function judgeClaims(name: string, { claims, commits }: PartitionCalls): Finding[] {
  return claims
    .filter(({ outcome }) => outcome === 'done')
    .flatMap(({ member, offset, askedAtUs }) => {
      const found: Finding[] = [];
      const before = commits.filter(
        ({ outcome, answeredAtUs = Number.POSITIVE_INFINITY }) =>
          outcome === 'done' && answeredAtUs < askedAtUs,
      );
      const committed = Math.max(-1, ...before.map((commit) => commit.offset));
      if ((offset ?? -1) < committed) {
        found.push(
          finding(
            'commitsLost',
            `${name}: ${member} took over at ${offset}, ${committed} was committed`,
          ),
        );
      }
      const asked = commits.filter((commit) => commit.offset === offset);
      if (offset !== null && asked.every(({ outcome }) => outcome === 'refused')) {
        const who = asked[0]?.member ?? 'nobody';
        found.push(
          finding('fencedCommits', `${name}: ${offset} is committed, which ${who} was refused`),
        );
      }
      return found;
    });
}

/** Everything below what was committed was handed to somebody. */
function judgeHandled(
  name: string,
  commits: readonly OffsetCommit[],
  handled: readonly Handled[],
): Finding[] {
  const done = commits.filter(({ outcome }) => outcome === 'done');
  const end = Math.max(0, ...done.map(({ offset }) => offset));
  const found: Finding[] = [];
  let reached = 0;
  for (const { first, next } of handled.toSorted((a, b) => a.first - b.first)) {
    if (reached < first && reached < end) {
      found.push(finding('skipped', `${name}: ${reached} to ${Math.min(first, end) - 1}`));
    }
    reached = Math.max(reached, next);
  }
  if (reached < end) found.push(finding('skipped', `${name}: ${reached} to ${end - 1}`));
  return found;
}
