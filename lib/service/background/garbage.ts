// Garbage collection: what nothing names goes, and nothing else (`no-loss-by-cleanup`). Every part of it may be run at
// any time, by any number at once, and may stop anywhere: whatever a part concludes, it concludes from floors that it
// has raised before it looked.
//
// A run: WAL objects (garbage-wal), what became of segments (garbage-segments), deleted topics (garbage-topics). A dry
// run raises nothing, deletes nothing, and says what would go.

import type { BackgroundPorts, BackgroundSettings } from './background-ports.ts';
import { collectSegments } from './garbage-segments.ts';
import type { GarbageCounts, GarbageRun } from './garbage-task.ts';
import { collectDeletedTopics } from './garbage-topics.ts';
import { collectWal } from './garbage-wal.ts';
import { isTimeUp } from './job-topics.ts';
import { withLease } from './leases.ts';

export interface GarbageReport {
  /** False: another collector is at it, and nothing was done. */
  readonly ran: boolean;
  /** False: its time was up before it had looked everywhere. */
  readonly complete: boolean;
  /** WAL objects that nothing names. */
  readonly walObjects: number;
  readonly walBytes: number;
  /** Objects of segments that were replaced, that retention took, or that were never named. */
  readonly segmentObjects: number;
  readonly segmentBytes: number;
  /** Uploads that were never finished. */
  readonly uploads: number;
  /** Deleted topics of which nothing is left. */
  readonly topics: number;
  /** The first of the keys that went, or would go. */
  readonly keys: readonly string[];
}

export interface GarbageService {
  collect(run: GarbageRun): Promise<GarbageReport>;
}

export function createGarbageService(
  ports: BackgroundPorts,
  settings: BackgroundSettings,
): GarbageService {
  return {
    async collect(run) {
      const counts = noCounts();
      const work = async (): Promise<void> => {
        const task = { ports, settings, run, counts };
        await collectWal(task);
        await collectSegments(task);
        await collectDeletedTopics(task);
      };
      if (run.dryRun === true) {
        await work();
        return { ran: true, complete: !isTimeUp(ports, run), ...counts };
      }
      const lease = { name: 'garbage', leaseMs: settings.leaseMs };
      const done = await withLease(ports, lease, work);
      const ran = done !== 'held';
      return { ran, complete: ran && !isTimeUp(ports, run), ...counts };
    },
  };
}

function noCounts(): GarbageCounts {
  return {
    walObjects: 0,
    walBytes: 0,
    segmentObjects: 0,
    segmentBytes: 0,
    uploads: 0,
    topics: 0,
    keys: [],
  };
}
