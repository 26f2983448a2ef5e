// The background jobs over their ports: the one composition that scheduled functions, the local home and tests share.

import {
  BACKGROUND_SETTINGS,
  type BackgroundPorts,
  type BackgroundSettings,
} from './background-ports.ts';
import { type CompactionService, createCompactionService } from './compaction.ts';
import { createGarbageService, type GarbageService } from './garbage.ts';
import { createRetentionService, type RetentionService } from './retention.ts';
import { createSegmentInspector, type SegmentInspector } from './segment-inspect.ts';
import { createSegmentService, type SegmentService } from './segments.ts';

export interface Background {
  readonly segments: SegmentService;
  readonly retention: RetentionService;
  readonly compaction: CompactionService;
  readonly garbage: GarbageService;
  readonly inspector: SegmentInspector;
}

export function createBackground(
  ports: BackgroundPorts,
  settings: Partial<BackgroundSettings> = {},
): Background {
  const all = { ...BACKGROUND_SETTINGS, ...settings };
  return {
    segments: createSegmentService(ports, all),
    retention: createRetentionService(ports),
    compaction: createCompactionService(ports, all),
    garbage: createGarbageService(ports, all),
    inspector: createSegmentInspector(ports),
  };
}
