// What the parts of a garbage run share: ports, limits, and the report under way.

import { GARBAGE_KEYS_REPORTED_MAX, OBJECTS_PER_DELETE_MAX } from '../../limits.ts';
import type { ListedObject } from '../../ports/object-upkeep.ts';
import { withRetries } from '../retry.ts';
import { type BackgroundPorts, type BackgroundSettings, REPEATABLE } from './background-ports.ts';
import type { RunLimit } from './job-topics.ts';

export interface GarbageRun extends RunLimit {
  readonly dryRun?: boolean;
}

/** A report under way. */
export interface GarbageCounts {
  walObjects: number;
  walBytes: number;
  segmentObjects: number;
  segmentBytes: number;
  uploads: number;
  topics: number;
  readonly keys: string[];
}

/** What every part of a run is given. */
export interface GarbageTask {
  readonly ports: BackgroundPorts;
  readonly settings: BackgroundSettings;
  readonly run: GarbageRun;
  readonly counts: GarbageCounts;
}

/** Deletes objects that nothing names, unless it is a dry run, and counts them. */
export async function deleteObjects(
  { ports, run, counts }: GarbageTask,
  objects: readonly ListedObject[],
  kind: 'wal' | 'segment',
): Promise<void> {
  for (let start = 0; start < objects.length; start += OBJECTS_PER_DELETE_MAX) {
    const some = objects.slice(start, start + OBJECTS_PER_DELETE_MAX);
    const keys = some.map(({ key }) => key);
    if (run.dryRun !== true) {
      await withRetries(ports, () => ports.upkeep.deleteObjects(keys), REPEATABLE);
    }
    const bytes = some.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    if (kind === 'wal') {
      counts.walObjects += some.length;
      counts.walBytes += bytes;
    } else {
      counts.segmentObjects += some.length;
      counts.segmentBytes += bytes;
    }
    counts.keys.push(...keys.slice(0, GARBAGE_KEYS_REPORTED_MAX - counts.keys.length));
  }
}

/** All objects below a prefix, a page at a time. */
export async function* listObjects(
  ports: BackgroundPorts,
  prefix: string,
): AsyncGenerator<readonly ListedObject[], void, undefined> {
  let after: string | undefined;
  do {
    const request = {
      prefix,
      limit: OBJECTS_PER_DELETE_MAX,
      ...(after === undefined ? {} : { after }),
    };
    const page = await withRetries(ports, () => ports.upkeep.listObjects(request), REPEATABLE);
    yield page.objects;
    after = page.next;
  } while (after !== undefined);
}
