// The group services over their ports: the one composition that Lambda, the local home and tests share. Apart from the
// log's own services, so that a function that appends carries nothing of groups, and the other way round.

import type { ObjectStore } from '../ports/object-store.ts';
import type { GroupPorts } from './group-tools.ts';
import { createGroupService, type GroupService } from './groups.ts';
import { createOffsetFinder } from './offset-finder.ts';
import { createOffsetService, type OffsetService } from './offsets.ts';
import { createRangeReader } from './range-reader.ts';
import { createSegmentHints } from './segment-hints.ts';
import { createTopicCatalog } from './topic-catalog.ts';

export interface GroupServicePorts extends GroupPorts {
  /** For offsets by time. */
  readonly objects: ObjectStore;
}

export interface GroupServices {
  readonly groups: GroupService;
  readonly offsets: OffsetService;
}

export function createGroupServices(ports: GroupServicePorts): GroupServices {
  const catalog = createTopicCatalog(ports);
  const tools = { catalog, ranges: createRangeReader(ports), hints: createSegmentHints() };
  const listOffsets = createOffsetFinder(ports, tools);
  return {
    groups: createGroupService(ports),
    offsets: createOffsetService({ ports, catalog, listOffsets }),
  };
}
