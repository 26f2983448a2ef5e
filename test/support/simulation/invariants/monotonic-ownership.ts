// A partition goes to its next owner only after its last one gave it up, or after its lease ran out: nobody claims what
// another member, whose lease runs, is using.

import type { ClaimRequest } from '../../../../lib/ports/offset-store.ts';
import { type GroupModel, groupPartition } from '../group-model.ts';
import type { Invariant, Observation } from '../observation.ts';

export class MonotonicOwnership implements Invariant {
  readonly name = 'monotonic-ownership';
  readonly #groups: GroupModel;
  readonly #nowMs: () => number;
  /** By group and partition: the members that use it, as they see it. */
  readonly #users = new Map<string, Set<string>>();

  constructor(groups: GroupModel, nowMs: () => number) {
    this.#groups = groups;
    this.#nowMs = nowMs;
  }

  check(seen: Observation): string | undefined {
    if (seen.kind === 'used' || seen.kind === 'unused') {
      const name = `${seen.groupId} ${seen.partition}`;
      const users = this.#users.get(name) ?? new Set();
      this.#users.set(name, users);
      if (seen.kind === 'used') users.add(seen.memberId);
      else users.delete(seen.memberId);
      return undefined;
    }
    if (seen.kind !== 'call') return undefined;
    const { call } = seen;
    if (call.method !== 'claimPartition' && call.method !== 'claimFirst') return undefined;
    if (call.answer.kind !== 'claimed') return undefined;
    return this.#checkClaim(call.asked[0]);
  }

  #checkClaim({ groupId, memberId, partition }: ClaimRequest): string | undefined {
    const users = this.#users.get(groupPartition(groupId, partition)) ?? [];
    for (const user of users) {
      const member = this.#groups.members.get(`${groupId} ${user}`);
      if (user === memberId || member === undefined) continue;
      const leftMs = member.leaseEndsMs - this.#nowMs();
      if (leftMs >= 0) {
        return `${memberId} claimed partition ${partition.partition}, which ${user} is using; its lease runs for ${leftMs} ms`;
      }
    }
    return undefined;
  }
}
