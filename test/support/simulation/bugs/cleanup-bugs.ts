// Bugs of background work: of what it may delete, and of what it commits.

import { ulidFloor } from '../../../../lib/ids.ts';
import type { ScannedHead } from '../../../../lib/ports/cleanup-store.ts';
import type { StoragePorts } from '../calls.ts';
import type { PlantedBug } from './planted-bug.ts';

export const garbageWithoutFloor: PlantedBug = {
  name: 'garbage-without-floor',
  story:
    'garbage is collected without raising floors, so that a writer who slept appends what is gone',
  breaks: ['visible-once-complete', 'no-loss-by-cleanup'],
  below: (storage) => ({
    ...storage,
    cleanup: {
      ...storage.cleanup,
      raiseFloor: async () => 'raised',
      raiseHeadFloor: async () => 'raised',
    },
  }),
};

export const minimumOfOldestEntries: PlantedBug = {
  name: 'minimum-of-oldest-entries',
  story:
    'garbage goes below the objects of the oldest entries, not of all: a slow writer’s are younger than its object',
  breaks: ['no-loss-by-cleanup'],
  below(storage) {
    let floor = '';
    const oldestOnly = async ({ partition, head }: ScannedHead): Promise<ScannedHead> => {
      await storage.cleanup.raiseHeadFloor(partition, floor);
      const [raised = head] = await storage.partitions.readHeads([partition]);
      return { partition, head: { ...raised, tail: raised.tail.slice(0, 1) } };
    };
    return {
      ...storage,
      cleanup: {
        ...storage.cleanup,
        raiseFloor(raised) {
          floor = raised;
          return storage.cleanup.raiseFloor(raised);
        },
        async scanHeads(request) {
          const page = await storage.cleanup.scanHeads(request);
          return { ...page, heads: await Promise.all(page.heads.map(oldestOnly)) };
        },
      },
      segments: {
        ...storage.segments,
        async listPages(partition, query) {
          const listed = await storage.segments.listPages(partition, query);
          // Only garbage collection looks behind the log's end.
          const [head] = await storage.partitions.readHeads([partition]);
          if (query.to <= (head?.nextOffset ?? query.to)) return listed;
          const pages = listed.pages.map((page) => ({
            ...page,
            entries: page.entries.slice(0, 1),
          }));
          return { ...listed, pages };
        },
      },
    };
  },
};

/** The same key for every attempt. */
function sharedKey(key: string): string {
  return key.replace(/^(log\/[^/]+\/\d+\/)[0-9A-Z]{26}\//, `$1${ulidFloor(0)}/`);
}

export const segmentKeyShared: PlantedBug = {
  name: 'segment-key-shared',
  story: 'two attempts to merge write their segments to the same keys',
  breaks: ['visible-once-complete', 'no-loss-by-cleanup', 'dense', 'sound'],
  below: ({ objects, upkeep, ...storage }) => ({
    ...storage,
    objects: {
      ...objects,
      putObject: (request) => objects.putObject({ ...request, key: sharedKey(request.key) }),
      getRange: (range) => objects.getRange({ ...range, key: sharedKey(range.key) }),
    },
    upkeep: {
      ...upkeep,
      beginUpload: (upload) => upkeep.beginUpload({ ...upload, key: sharedKey(upload.key) }),
      putPart: (part) => upkeep.putPart({ ...part, key: sharedKey(part.key) }),
      completeUpload: (upload) => upkeep.completeUpload({ ...upload, key: sharedKey(upload.key) }),
      abortUpload: (upload) => upkeep.abortUpload({ ...upload, key: sharedKey(upload.key) }),
    },
  }),
};

export const sweptUploadCommitted: PlantedBug = {
  name: 'swept-upload-committed',
  story: 'a merge commits an upload that was swept as nobody’s while its merger slept',
  breaks: ['no-loss-by-cleanup'],
  below: (storage) => ({
    ...storage,
    segments: { ...storage.segments, raiseLogFloor: async () => 'raised' },
  }),
};

export const pagesDeletedFirst: PlantedBug = {
  name: 'pages-deleted-first',
  story: 'pages are deleted before the segment that takes their place is committed',
  breaks: ['no-loss-by-cleanup'],
  above: ({ segments, ...ports }): StoragePorts => ({
    ...ports,
    segments: {
      ...segments,
      async commitSegment(partition, segment) {
        const { baseOffset: from, endOffset: to } = segment;
        const { pages } = await segments.listPages(partition, { from, to, limit: 25 });
        const offsets = pages.map(({ baseOffset }) => baseOffset);
        await segments.deletePages(partition, offsets);
        return segments.commitSegment(partition, segment);
      },
    },
  }),
};

export const tombstoneDroppedEarly: PlantedBug = {
  name: 'tombstone-dropped-early',
  story:
    'a deletion goes while an older segment, which was not compared with it, still holds what it deletes',
  breaks: ['no-loss-by-cleanup'],
  above: ({ segments, ...ports }): StoragePorts => ({
    ...ports,
    segments: {
      ...segments,
      async listSegments(partition, query) {
        const listed = await segments.listSegments(partition, query);
        const compared = listed.segments.map((segment, index) =>
          index === listed.segments.length - 1
            ? segment
            : { ...segment, cleanedTo: segment.endOffset },
        );
        return { ...listed, segments: compared };
      },
    },
  }),
};
