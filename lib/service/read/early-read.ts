// Reads the bytes of a fetch beside what would say which they are, where this process knows enough of that: whoever reads
// a log waits for one request, not for one after the other.
//
// - Beside the heads, in a segment that was found not long ago.
// - Beside a segment's index, at its beginning: the index says only how much of what fits are whole batches.
//
// Only heads and index decide what is answered. What was read early is used when the plan made from them asks for bytes
// in it, and dropped otherwise: the topic is deleted, the offset is below the log's start, the segment was replaced, a
// batch is larger than what was asked for. Then one GET (and that of the segment's index, where it isn't warm) was for
// nothing. It is done once a fetch, for its first partition, whose bytes always fit the budget: what others may have is
// not known before.

import { FETCH_BYTES_MAX } from '../../limits.ts';
import type { ByteRange } from '../../log/object-range.ts';
import type { FetchRequest } from '../../log/read.ts';
import type { LocatePorts } from './locate.ts';
import { planSegment, type ReadTools, type Ready } from './plan-fetch.ts';
import type { RangeReader } from './range-reader.ts';

interface EarlyRead {
  readonly range: ByteRange;
  readonly reading: ReturnType<RangeReader['read']>;
}

/** For one try to answer the request: begins to read what its first partition will most likely need. */
export function readEarly(
  ports: LocatePorts,
  tools: ReadTools,
  request: FetchRequest,
  first: Omit<Ready, 'kind' | 'head'>,
): ReadTools {
  if (request.deliver === 'reference') return tools;
  const { ranges } = tools;
  const read = (range: ByteRange): EarlyRead => ({ range, reading: ranges.read([range]) });
  // Whoever plans by the heads meets the same failure, and says so.
  let begun = planKnown(ports, tools, request, first)
    .then((range) => range && read(range))
    .catch(() => undefined);
  let isTaken = false;
  return {
    ...tools,
    beginEarly(asked, range) {
      if (asked === first.asked) begun = begun.then((early) => early ?? read(range));
    },
    ranges: {
      async read(wanted) {
        const early = await begun;
        const place = wanted.findIndex((range) => isWithin(range, early?.range));
        const range = wanted[place];
        if (early === undefined || range === undefined || isTaken) return ranges.read(wanted);
        isTaken = true;
        const others = ranges.read(wanted.toSpliced(place, 1));
        const [bytes] = await early.reading;
        const own = bytes instanceof Uint8Array ? bytes.subarray(0, range.lengthBytes) : bytes;
        return (await others).toSpliced(place, 0, own);
      },
    },
  };
}

/** What to read of a segment that this process knows; undefined when it knows none. */
async function planKnown(
  ports: LocatePorts,
  tools: ReadTools,
  request: FetchRequest,
  { partition, asked }: Omit<Ready, 'kind' | 'head'>,
): Promise<ByteRange | undefined> {
  const { offset } = asked;
  const segment = tools.hints.segmentAt(partition, { offset, nowMs: ports.clock.nowMs() });
  if (segment === undefined || segment.sizeBytes === 0) return undefined;
  const maxBytes = Math.min(request.maxBytes, FETCH_BYTES_MAX, asked.maxBytes ?? FETCH_BYTES_MAX);
  return planSegment(tools, { partition, segment }, { offset, maxBytes });
}

/** Begins where the early one does, and ends no later. */
function isWithin(range: ByteRange, early: ByteRange | undefined): boolean {
  return (
    range.key === early?.key &&
    range.positionBytes === early.positionBytes &&
    range.lengthBytes <= early.lengthBytes
  );
}
