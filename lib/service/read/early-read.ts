// Reads the bytes of a fetch beside its heads instead of after them, where this process knows which segment has them:
// whoever reads on in a segment waits for one request, not for two after each other.
//
// Only the heads decide what is answered. What was read early is used when the plan made from them asks for the same
// bytes, and dropped otherwise: the topic is deleted, the offset is below the log's start, the segment was replaced.
// Then one GET (and that of the segment's index, where it isn't warm) was for nothing. It is done for the first
// partition of a fetch only, whose bytes always fit the budget: what others may have is not known before.

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

/** Begins to read what the first partition will most likely need; for one try to answer the request. */
export function readEarly(
  ports: LocatePorts,
  tools: ReadTools,
  request: FetchRequest,
  first: Omit<Ready, 'kind' | 'head'>,
): ReadTools {
  const { partition, asked } = first;
  const { offset } = asked;
  const segment = tools.hints.segmentAt(partition, { offset, nowMs: ports.clock.nowMs() });
  if (request.deliver === 'reference' || segment === undefined || segment.sizeBytes === 0) {
    return tools;
  }
  const maxBytes = Math.min(request.maxBytes, FETCH_BYTES_MAX, asked.maxBytes ?? FETCH_BYTES_MAX);
  const begin = async (): Promise<EarlyRead | undefined> => {
    const range = await planSegment(tools, { partition, segment }, { offset, maxBytes });
    return range && { range, reading: tools.ranges.read([range]) };
  };
  // Whoever plans by the heads meets the same failure, and says so.
  const begun = begin().catch(() => undefined);
  return { ...tools, ranges: withEarly(tools.ranges, begun) };
}

/** Hands out the early read once: who asks again was told that its object is gone. */
function withEarly(ranges: RangeReader, begun: Promise<EarlyRead | undefined>): RangeReader {
  let isTaken = false;
  return {
    async read(wanted) {
      const early = await begun;
      const place = wanted.findIndex((range) => isSame(range, early?.range));
      if (early === undefined || place < 0 || isTaken) return ranges.read(wanted);
      isTaken = true;
      const others = ranges.read(wanted.toSpliced(place, 1));
      const [bytes] = await early.reading;
      return (await others).toSpliced(place, 0, bytes);
    },
  };
}

function isSame(left: ByteRange, right: ByteRange | undefined): boolean {
  return (
    left.key === right?.key &&
    left.positionBytes === right.positionBytes &&
    left.lengthBytes === right.lengthBytes
  );
}
