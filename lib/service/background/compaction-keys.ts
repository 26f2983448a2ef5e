// The latest offset of each key in what is dirty of a partition, as far as they fit the memory that there is.

import type { CompactionPlan } from '../../log/compaction.ts';
import { LatestOffsets } from '../../log/compaction-keys.ts';
import type { PartitionKey } from '../../log/keys.ts';
import { largest } from '../../log/order.ts';
import type { Damage } from '../../log/segment.ts';
import { segmentKey } from '../../log/segment-keys.ts';
import type { PartitionSegment } from '../../log/segment-read.ts';
import type { BatchHeader } from '../../record/batch.ts';
import { decodeBatch } from '../../record/record.ts';
import type { BackgroundPorts, BackgroundSettings } from './background-ports.ts';
import { isDamage } from './damage.ts';
import { isTimeUp, type RunLimit } from './job-topics.ts';
import { readSegment } from './segment-source.ts';

export interface MappedKeys {
  readonly latest: LatestOffsets;
  /** Keys of all records below are in it; always where a batch begins, or a segment ends. */
  readonly cleanTo: bigint;
  /** What stopped it, when bytes did: they are not what was stored. */
  readonly damage: Damage | undefined;
}

export async function mapKeys(
  ports: BackgroundPorts,
  settings: BackgroundSettings,
  work: {
    readonly partition: PartitionKey;
    readonly plan: CompactionPlan;
    readonly limit: RunLimit;
  },
): Promise<MappedKeys> {
  const { partition, limit } = work;
  const { dirty, dirtyFrom, dirtyTo } = work.plan;
  const recordCount = dirty.reduce((count, segment) => count + segment.recordCount, 0);
  const latest = new LatestOffsets(Math.min(settings.keysMax, recordCount), dirtyFrom);
  for (const segment of dirty) {
    const part = { partition, segment, dirtyFrom, dirtyTo, limit };
    const stopped = await mapSegment(ports, settings, latest, part);
    if (stopped !== undefined) return { latest, ...stopped };
  }
  return { latest, cleanTo: dirtyTo, damage: undefined };
}

interface Part extends PartitionSegment {
  readonly dirtyFrom: bigint;
  readonly dirtyTo: bigint;
  readonly limit: RunLimit;
}

/** Where it stopped: at `dirtyTo`, or for lack of room or time, or at bytes that are damaged; undefined: go on. */
async function mapSegment(
  ports: BackgroundPorts,
  { windowBytes }: BackgroundSettings,
  latest: LatestOffsets,
  { partition, segment, dirtyFrom, dirtyTo, limit }: Part,
): Promise<Omit<MappedKeys, 'latest'> | undefined> {
  const { segmentId, baseOffset } = segment;
  const begin = largest(baseOffset, dirtyFrom);
  let offset = begin;
  try {
    const windows = readSegment(
      ports,
      { partition, segment },
      { windowBytes, fromOffset: dirtyFrom },
    );
    for await (const { bytes, headers } of windows) {
      if (isTimeUp(ports, limit)) return { cleanTo: offset, damage: undefined };
      for (const header of headers) {
        offset = header.baseOffset;
        if (offset >= dirtyTo) return { cleanTo: dirtyTo, damage: undefined };
        if (latest.size + header.recordCount > latest.keysMax) {
          return { cleanTo: offset, damage: undefined };
        }
        putKeys(latest, bytes, header);
        offset += BigInt(header.lastOffsetDelta + 1);
      }
    }
    return undefined;
  } catch (error) {
    if (!isDamage(error)) throw error;
    const key = segmentKey({ partition, segmentId, baseOffset }, 'log');
    // A segment with damaged bytes is left under its key, where somebody may restore them.
    return { cleanTo: begin, damage: { key, offset, problem: error.message } };
  }
}

function putKeys(latest: LatestOffsets, bytes: Uint8Array, header: BatchHeader): void {
  for (const { key, offsetDelta } of decodeBatch(bytes, header.position).records) {
    if (key !== null) latest.put(key, header.baseOffset + BigInt(offsetDelta));
  }
}
