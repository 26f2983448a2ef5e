// The group services over their ports: the one composition that Lambda, the local home and tests share. Apart from the
// log's own services, so that a function that appends carries nothing of groups, and the other way round.

import type { ObjectStore } from '../../ports/object-store.ts';
import { createOffsetFinder } from '../read/offset-finder.ts';
import { createRangeReader } from '../read/range-reader.ts';
import { createSegmentHints } from '../read/segment-hints.ts';
import { createTopicCatalog } from '../topics/topic-catalog.ts';
import { createGroupService, type GroupService } from './groups.ts';
import {
  type CommitService,
  createCommitService,
  createOffsetService,
  type OffsetService,
} from './offsets.ts';
import type { GroupPorts } from './tools.ts';

export interface GroupServicePorts extends GroupPorts {
  /** For offsets by time. */
  readonly objects: ObjectStore;
}

export interface GroupServices {
  readonly groups: GroupService;
  readonly offsets: OffsetService;
}

/** Who is in groups, without offsets: nothing of reading records comes along. */
export type MembershipServices = Pick<GroupServices, 'groups'>;

export function createMembershipServices(ports: GroupPorts): MembershipServices {
  return { groups: createGroupService(ports) };
}

/** What members do with offsets, the same way. */
export interface CommitServices {
  readonly offsets: CommitService;
}

export function createCommitServices(ports: GroupPorts): CommitServices {
  return { offsets: createCommitService({ ports, catalog: createTopicCatalog(ports) }) };
}

export function createGroupServices(ports: GroupServicePorts): GroupServices {
  const catalog = createTopicCatalog(ports);
  const tools = { catalog, ranges: createRangeReader(ports), hints: createSegmentHints() };
  const listOffsets = createOffsetFinder(ports, tools);
  return {
    ...createMembershipServices(ports),
    offsets: createOffsetService({ ports, catalog, listOffsets }),
  };
}
