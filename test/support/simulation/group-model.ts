// Who may commit for what, who is alive and who was told what, worked out from the requests that took effect.

import { partitionsOf } from '../../../lib/group/assignment.ts';
import type { MemberItem } from '../../../lib/group/member.ts';
import type { StorageCall } from './calls.ts';
import type { CommittedOffset } from './observation.ts';

export interface OwnerModel {
  readonly epoch: number;
  readonly memberId: string | undefined;
}

export interface OffsetModel {
  owner: OwnerModel;
  counter: number;
  committed: number | undefined;
}

export interface MemberModel {
  readonly memberId: string;
  sessionTimeoutMs: number;
  /** When its lease runs out, by the storage's clock. */
  leaseEndsMs: number;
  /** Why its life ended: it was evicted or replaced; leaving is its own will. */
  fence: 'expired' | 'replaced' | 'left' | undefined;
}

/** The latest word on who is to have a partition. */
export interface Told {
  readonly memberId: string;
  readonly epoch: number;
}

export class GroupModel {
  readonly members = new Map<string, MemberModel>();
  /** By group and partition, as `groupPartition` names them. */
  readonly offsets = new Map<string, OffsetModel>();
  readonly told = new Map<string, Told>();

  /** To be called after the invariants have looked at the request: they compare it with what was before. */
  apply(call: StorageCall, nowMs: number): void {
    this.#applyToMembers(call, nowMs);
    this.#applyToOffsets(call);
    this.#applyToTransactions(call);
  }

  #applyToMembers(call: StorageCall, nowMs: number): void {
    switch (call.method) {
      case 'createMember':
      case 'rejoinMember':
      case 'heartbeatMember':
        if (call.answer.kind === 'written') this.#live(call.answer.member, nowMs);
        return;
      case 'leaveMember':
      case 'fenceMember': {
        if (call.answer.kind !== 'written') return;
        const { groupId, memberId, fence } = call.answer.member;
        const member = this.members.get(`${groupId} ${memberId}`);
        if (member !== undefined) member.fence = fence;
        return;
      }
      case 'publishAssignment': {
        if (call.answer.kind !== 'written') return;
        const [{ groupId, memberId, publication }] = call.asked;
        const { epoch, assignment } = publication;
        for (const partition of partitionsOf(assignment)) {
          const name = groupPartition(groupId, partition);
          if (epoch >= (this.told.get(name)?.epoch ?? 0)) this.told.set(name, { memberId, epoch });
        }
      }
    }
  }

  #live({ groupId, memberId, sessionTimeoutMs, fence }: MemberItem, nowMs: number): void {
    const leaseEndsMs = nowMs + sessionTimeoutMs;
    this.members.set(`${groupId} ${memberId}`, { memberId, sessionTimeoutMs, leaseEndsMs, fence });
  }

  #applyToOffsets(call: StorageCall): void {
    switch (call.method) {
      case 'claimPartition':
      case 'claimFirst': {
        const [{ groupId, partition, epoch, memberId }] = call.asked;
        if (call.answer.kind === 'claimed') {
          this.#offset(groupPartition(groupId, partition)).owner = { epoch, memberId };
        }
        return;
      }
      case 'raiseOffsetOwner': {
        const [{ groupId, partition, epoch }] = call.asked;
        if (call.answer !== 'raised') return;
        this.#offset(groupPartition(groupId, partition)).owner = { epoch, memberId: undefined };
        return;
      }
      case 'commitOffset': {
        const [{ groupId, partition, offset, counter }] = call.asked;
        if (call.answer.kind !== 'committed') return;
        const model = this.#offset(groupPartition(groupId, partition));
        model.committed = Number(offset);
        model.counter = counter ?? model.counter + 1;
        return;
      }
      case 'commitWhileEmpty': {
        const [{ groupId, epoch, offsets }] = call.asked;
        if (call.answer !== 'committed') return;
        for (const { partition, offset } of offsets) {
          const model = this.#offset(groupPartition(groupId, partition));
          model.owner = { epoch, memberId: undefined };
          model.committed = Number(offset);
          model.counter += 1;
        }
        return;
      }
      case 'deleteOffset': {
        const [{ groupId, partition }] = call.asked;
        if (call.answer === 'deleted') this.offsets.delete(groupPartition(groupId, partition));
      }
    }
  }

  #applyToTransactions(call: StorageCall): void {
    if (call.method !== 'commitTransaction') return;
    for (const { groupId, partition, offset } of committedOffsets(call)) {
      const model = this.#offset(groupPartition(groupId, partition));
      model.committed = offset;
      model.counter += 1;
    }
  }

  #offset(name: string): OffsetModel {
    const known = this.offsets.get(name);
    if (known !== undefined) return known;
    const made = { owner: { epoch: 0, memberId: undefined }, counter: 0, committed: undefined };
    this.offsets.set(name, made);
    return made;
  }
}

/** What a request committed for groups' members. */
export function committedOffsets(call: StorageCall): readonly CommittedOffset[] {
  if (call.method === 'commitOffset' && call.answer.kind === 'committed') {
    const [{ groupId, partition, offset, metadata }] = call.asked;
    return [{ groupId, partition, offset: Number(offset), metadata }];
  }
  if (call.method !== 'commitTransaction' || call.answer.kind !== 'committed') return [];
  return call.asked[0].offsets.map(({ groupId, topicId, partition, offset, metadata }) => ({
    groupId,
    partition: { topicId, partition },
    offset: Number(offset),
    metadata,
  }));
}

export function groupPartition(
  groupId: string,
  partition: { readonly topicId: string; readonly partition: number },
): string {
  return `${groupId} ${partition.topicId}/${partition.partition}`;
}
