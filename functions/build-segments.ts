// Merging: on a schedule for all partitions, and for one when an append has found that much waits in it.

import { jobHandler } from './shared/job.ts';
import { createBackgroundRuntime } from './shared/runtime.ts';

/** A schedule's event names no partition. */
interface BuildSegmentsEvent {
  readonly partition?: { readonly topicId: string; readonly partition: number };
}

const { segments } = createBackgroundRuntime();

export const handler = jobHandler<BuildSegmentsEvent>('build-segments', ({ partition }, limit) =>
  partition === undefined ? segments.mergeAll(limit) : segments.mergeAround(partition, limit),
);
