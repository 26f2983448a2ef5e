// What is stored, for people to look at: the one composition that Lambda, the local home and tests share. Changes nothing.

import { BACKGROUND_SETTINGS, type BackgroundPorts } from './background-ports.ts';
import { createGarbageService, type GarbageReport } from './garbage.ts';
import type { RunLimit } from './job-topics.ts';
import { createSegmentInspector, type SegmentInspector } from './segment-inspect.ts';

export interface InspectServices {
  readonly inspector: SegmentInspector;
  /** What a run of garbage collection would delete now, as far as it gets in its time. */
  readonly previewGarbage: (limit: RunLimit) => Promise<GarbageReport>;
  readonly nowMs: () => number;
}

export function createInspectServices(ports: BackgroundPorts): InspectServices {
  const garbage = createGarbageService(ports, BACKGROUND_SETTINGS);
  return {
    inspector: createSegmentInspector(ports),
    previewGarbage: (limit) => garbage.collect({ ...limit, dryRun: true }),
    nowMs: () => ports.clock.nowMs(),
  };
}
