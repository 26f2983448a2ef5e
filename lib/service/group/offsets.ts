// The offset services as the ways in see them: one function a verb. Made once a process, since it remembers how far it
// has seen logs reach.

import type { Rejected } from '../../errors.ts';
import { createLogEnds } from '../read/log-ends.ts';
import { type ClaimRequest, type ClaimResult, claimPartitions } from './offset-claim.ts';
import {
  type CommitOutcome,
  type CommitRequest,
  type CommitTools,
  commitOffsets,
} from './offset-commit.ts';
import { fetchOffsets, groupLags, type PartitionLag, type PartitionOffset } from './offset-lag.ts';
import { type ResetOutcome, type ResetRequest, resetOffsets } from './offset-reset.ts';
import type { GroupTools } from './tools.ts';

export interface OffsetService {
  claim(
    request: ClaimRequest,
  ): Promise<{ readonly kind: 'claimed'; readonly results: readonly ClaimResult[] } | Rejected>;
  commit(request: CommitRequest): Promise<CommitOutcome | Rejected>;
  fetch(
    groupId: string,
  ): Promise<{ readonly kind: 'offsets'; readonly offsets: readonly PartitionOffset[] } | Rejected>;
  lags(
    groupId: string,
  ): Promise<{ readonly kind: 'lags'; readonly lags: readonly PartitionLag[] } | Rejected>;
  reset(request: ResetRequest): Promise<ResetOutcome | Rejected>;
}

export type CommitService = Pick<OffsetService, 'claim' | 'commit'>;

export function createCommitService(tools: Omit<CommitTools, 'ends'>): CommitService {
  const { ports } = tools;
  const ends = createLogEnds(ports);
  return {
    claim: (request) => claimPartitions(ports, request),
    commit: (request) => commitOffsets({ ...tools, ends }, request),
  };
}

export function createOffsetService(tools: GroupTools): OffsetService {
  const { ports } = tools;
  return {
    ...createCommitService(tools),
    fetch: (groupId) => fetchOffsets(tools, groupId),
    lags: (groupId) => groupLags(ports, groupId),
    reset: (request) => resetOffsets(tools, request),
  };
}
