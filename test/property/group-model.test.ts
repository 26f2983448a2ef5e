// A whole group in memory, in which everything that travels may be late, lost, repeated or out of order, and members
// come, go, and are evicted while they still run. After every step:
//   one-owner             no partition is held twice by the group's word, and no evicted member's commit gets in;
//   monotonic-ownership   no partition is in use by two members that are not fenced;
//   fenced                a claim or commit of a fenced life never takes effect.
// The conditions of the stores are written down here once more, in a line each, as the ports describe them.

import { describe, expect, it } from 'vitest';
import {
  type Assignment,
  assignmentOf,
  intersect,
  NO_PARTITIONS,
  partitionsOf,
  partitionText,
} from '../../lib/group/assignment.ts';
import type { GroupEvent } from '../../lib/group/event.ts';
import { isUntold } from '../../lib/group/expire.ts';
import { planHeartbeat } from '../../lib/group/heartbeat.ts';
import type { MemberItem, Publication } from '../../lib/group/member.ts';
import { type GroupState, groupProblems, heldBy, newGroup } from '../../lib/group/state.ts';
import { transition } from '../../lib/group/transition.ts';
import { fc } from '../support/property.ts';

const PROFILE = {
  subscription: { topicNames: ['orders'] },
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 60_000,
};

/** A process that believes what it was told last. */
interface Client {
  readonly memberId: string;
  epoch: number;
  using: Assignment;
  running: boolean;
}

interface Heartbeat {
  readonly client: Client;
  readonly epoch: number;
  readonly owned: Assignment;
}

class GroupModel {
  #state: GroupState = newGroup('billing');
  #partitionCount = 3;
  #joined = 0;
  readonly #items = new Map<string, MemberItem>();
  readonly #owners = new Map<string, { epoch: number; memberId: string | undefined }>();
  readonly #clients: Client[] = [];
  #publications: { memberId: string; publication: Publication }[] = [];
  #heartbeats: Heartbeat[] = [];
  #answers: { client: Client; publication: Publication }[] = [];

  step(action: number, choice: number): void {
    const client = this.#clients[choice % Math.max(1, this.#clients.length)];
    if (action === 0) this.#join();
    else if (action <= 2) this.#deliverPublication(choice);
    else if (action <= 5) this.#sendHeartbeat(client);
    else if (action <= 8) this.#deliverHeartbeat(choice);
    else if (action <= 11) this.#deliverAnswer(choice);
    else if (action === 12) this.#evict(client);
    else if (action === 13) this.#leave(client);
    else if (action === 14) this.#lookAround();
    else this.#addPartition();
  }

  check(): void {
    expect(groupProblems(this.#state)).toEqual([]);
    const users = new Map<string, string>();
    for (const { memberId, using } of this.#clients) {
      if (this.#items.get(memberId)?.status !== 'live') continue;
      for (const partition of partitionsOf(using)) {
        const text = partitionText(partition);
        expect(users.get(text), `another user of ${text} beside ${memberId}`).toBeUndefined();
        users.set(text, memberId);
      }
    }
    for (const client of this.#clients) {
      const evicted = this.#items.get(client.memberId)?.fence === 'expired';
      for (const partition of partitionsOf(client.using)) {
        const committed = this.#commit(client, partitionText(partition));
        if (evicted) expect(committed, `a zombie's commit of ${client.memberId}`).toBe(false);
      }
    }
  }

  /** Everything is delivered, until there is nothing left to say; then every partition is in use. */
  settle(): void {
    for (let round = 0; round < 40; round += 1) {
      this.#lookAround();
      while (this.#publications.length > 0) this.#deliverPublication(0);
      for (const client of this.#clients) this.#sendHeartbeat(client);
      while (this.#heartbeats.length > 0) this.#deliverHeartbeat(0);
      while (this.#answers.length > 0) this.#deliverAnswer(0);
      this.check();
    }
    const live = this.#clients.filter(
      ({ memberId, running }) => running && this.#items.get(memberId)?.status === 'live',
    );
    const used = live.flatMap(({ using }) => partitionsOf(using));
    if (live.length > 0) expect(used).toHaveLength(this.#partitionCount);
  }

  #apply(event: GroupEvent): void {
    const outcome = transition(this.#state, event, {
      topics: [{ name: 'orders', topicId: 'id', partitionCount: this.#partitionCount }],
      nowMs: 0,
    });
    if (outcome.kind !== 'changed') return;
    for (const { memberId, published } of outcome.state.members.values()) {
      if (published.epoch > this.#state.epoch) {
        this.#publications.push({ memberId, publication: published });
      }
    }
    this.#state = outcome.state;
  }

  #join(): void {
    this.#joined += 1;
    const memberId = `m${this.#joined}`;
    const joinEpoch = this.#state.epoch + 1;
    this.#items.set(memberId, {
      ...PROFILE,
      groupId: 'billing',
      memberId,
      status: 'live',
      joinEpoch,
      counter: 0,
      leaseExpiresAtMs: 0,
      published: { epoch: this.#state.epoch, phase: 'stable', assignment: NO_PARTITIONS },
    });
    this.#apply({ kind: 'join', joiners: [{ memberId, joinEpoch, profile: PROFILE }] });
    const client = { memberId, epoch: joinEpoch - 1, using: NO_PARTITIONS, running: true };
    this.#clients.push(client);
    // A join answers with what the new member's own item holds: its publication is delivered before that.
    this.#deliverPublication(this.#publications.findIndex((told) => told.memberId === memberId));
    const told = this.#items.get(memberId)?.published;
    if (told !== undefined) this.#answers.push({ client, publication: told });
  }

  /** publishAssignment: NOT_FENCED, UPWARD. */
  #deliverPublication(choice: number): void {
    const index = choice % Math.max(1, this.#publications.length);
    const [message] = this.#publications.splice(index, 1);
    const item = message === undefined ? undefined : this.#items.get(message.memberId);
    if (message === undefined || item === undefined || item.status === 'fenced') return;
    if (item.published.epoch >= message.publication.epoch) return;
    this.#items.set(item.memberId, { ...item, published: message.publication });
  }

  #sendHeartbeat(client: Client | undefined): void {
    if (client?.running !== true) return;
    this.#heartbeats.push({ client, epoch: client.epoch, owned: client.using });
  }

  #deliverHeartbeat(choice: number): void {
    const index = choice % Math.max(1, this.#heartbeats.length);
    // Now and then a heartbeat arrives twice.
    const message =
      choice % 7 === 6 ? this.#heartbeats[index] : this.#heartbeats.splice(index, 1)[0];
    if (message === undefined) return;
    const { client, epoch, owned } = message;
    const plan = planHeartbeat(
      { memberId: client.memberId, memberEpoch: epoch, owned },
      this.#items.get(client.memberId),
    );
    if (plan.kind === 'rejected') return;
    if (plan.kind === 'coordinate') {
      this.#apply({ kind: 'acknowledge', memberId: client.memberId, epoch, owned });
      const { published } = plan.member;
      this.#answers.push({ client, publication: published });
    } else {
      this.#answers.push({ client, publication: plan.publication });
    }
  }

  /** The client gives up first, then claims what is new. */
  #deliverAnswer(choice: number): void {
    const [message] = this.#answers.splice(choice % Math.max(1, this.#answers.length), 1);
    if (message === undefined) return;
    const { client, publication } = message;
    if (!client.running || publication.epoch <= client.epoch) return;
    client.epoch = publication.epoch;
    const kept = new Set(
      partitionsOf(intersect(client.using, publication.assignment)).map(partitionText),
    );
    const usable = partitionsOf(publication.assignment).filter(
      (partition) =>
        kept.has(partitionText(partition)) || this.#claim(client, partitionText(partition)),
    );
    client.using = assignmentOf(
      usable.map(({ topicId, partition }) => ({
        topicId,
        topicName: 'orders',
        partitions: [partition],
      })),
    );
  }

  /** claimPartition: LATER; claimFirst: MEMBER_LIVES. */
  #claim({ memberId, epoch }: Client, partition: string): boolean {
    const owner = this.#owners.get(partition);
    const item = this.#items.get(memberId);
    const allowed =
      owner === undefined
        ? item?.status === 'live' && item.published.epoch === epoch
        : owner.epoch < epoch || (owner.epoch === epoch && owner.memberId === memberId);
    if (allowed) this.#owners.set(partition, { epoch, memberId });
    return allowed;
  }

  /** commitOffset: OWNER, ADOPTED. */
  #commit({ memberId, epoch }: Client, partition: string): boolean {
    const owner = this.#owners.get(partition);
    return owner !== undefined && owner.memberId === memberId && owner.epoch <= epoch;
  }

  #evict(client: Client | undefined): void {
    const memberId = client?.memberId ?? '';
    const item = this.#items.get(memberId);
    const member = this.#state.members.get(memberId);
    if (item === undefined || member === undefined || item.status === 'fenced') return;
    this.#items.set(memberId, { ...item, status: 'fenced', fence: 'expired' });
    for (const partition of partitionsOf(heldBy(member)).map(partitionText)) {
      const owner = this.#owners.get(partition);
      if (owner !== undefined && owner.epoch <= item.published.epoch) {
        this.#owners.set(partition, { epoch: item.published.epoch, memberId: undefined });
      }
    }
    this.#apply({ kind: 'expire', lives: [{ memberId, joinEpoch: item.joinEpoch }] });
  }

  #leave(client: Client | undefined): void {
    if (client?.running !== true) return;
    const item = this.#items.get(client.memberId);
    client.running = false;
    client.using = NO_PARTITIONS;
    if (item === undefined || item.status === 'fenced') return;
    this.#items.set(item.memberId, { ...item, status: 'fenced', fence: 'left' });
    this.#apply({ kind: 'leave', lives: [item] });
  }

  #addPartition(): void {
    this.#partitionCount = Math.min(9, this.#partitionCount + 1);
    this.#apply({ kind: 'refresh' });
  }

  #lookAround(): void {
    for (const member of this.#state.members.values()) {
      if (isUntold(member, this.#items.get(member.memberId))) {
        this.#publications.push({ memberId: member.memberId, publication: member.published });
      }
    }
  }
}

describe('a group in which everything is late', () => {
  it('one-owner, monotonic-ownership, fenced: hold after every step, and it comes to rest with all partitions in use', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 15 }), fc.nat({ max: 1_000 })), {
          minLength: 20,
          maxLength: 250,
        }),
        (steps) => {
          const model = new GroupModel();
          for (const [action, choice] of steps) {
            model.step(action, choice);
            model.check();
          }
          model.settle();
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
