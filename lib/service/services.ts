// The services of a log over its ports: the one composition that Lambda, the local home, the direct client and tests
// share. Made once a process, since it keeps what is warm: topics by name, and ranges of immutable objects.

import type { Clock, Invoker, RandomSource } from '../ports/environment.ts';
import type { Nudger } from '../ports/nudger.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { PartitionStore } from '../ports/partition-store.ts';
import type { SegmentStore } from '../ports/segment-store.ts';
import type { TopicStore } from '../ports/topic-store.ts';
import { type AppendService, createAppendService } from './append/append.ts';
import { createProduceService, type ProduceService } from './append/produce.ts';
import { createOffsetFinder, type OffsetFinder } from './read/offset-finder.ts';
import { createRangeReader } from './read/range-reader.ts';
import { createReadService, type ReadOptions, type ReadService } from './read/read.ts';
import { createRecordReader, type RecordReader } from './read/record-reader.ts';
import { createSegmentHints } from './read/segment-hints.ts';
import { createTopicCatalog } from './topics/topic-catalog.ts';
import { createTopicService, type TopicService } from './topics/topics.ts';

/** What is stored, and where. */
export interface Storage {
  readonly partitions: PartitionStore;
  readonly topics: TopicStore;
  readonly objects: ObjectStore;
  readonly segments: Pick<SegmentStore, 'findSegments'>;
}

export interface ServicePorts extends Storage {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly invoker: Invoker;
  /** Without one, merging waits for its schedule. */
  readonly nudger?: Nudger;
}

export interface Services {
  readonly topics: TopicService;
  readonly append: AppendService;
  readonly produce: ProduceService;
  readonly read: ReadService;
  readonly records: RecordReader;
  readonly listOffsets: OffsetFinder;
}

export function createServices(ports: ServicePorts, options: ReadOptions = {}): Services {
  const catalog = createTopicCatalog(ports);
  const tools = { catalog, ranges: createRangeReader(ports), hints: createSegmentHints() };
  const append = createAppendService(ports, catalog);
  const read = createReadService(ports, tools, options);
  return {
    topics: createTopicService(ports, catalog),
    append,
    produce: createProduceService(ports, { catalog, append }),
    read,
    records: createRecordReader(read),
    listOffsets: createOffsetFinder(ports, tools),
  };
}
