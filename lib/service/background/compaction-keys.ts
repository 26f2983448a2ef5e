// The latest offset of each key in what is dirty of a partition, as far as they fit the memory that there is.

import { StratalogError } from '../../errors.ts';
import type { CompactionPlan } from '../../log/compaction.ts';
import { LatestOffsets } from '../../log/compaction-keys.ts';
import type { PartitionKey } from '../../log/keys.ts';
import { largest } from '../../log/order.ts';
import type { Damage } from '../../log/segment.ts';
import { decodeBatch } from '../../record/record.ts';
import type { BackgroundPorts, BackgroundSettings } from './background-ports.ts';
import { type BatchWindow, readSegment } from './segment-source.ts';

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
  partition: PartitionKey,
  { dirty, dirtyFrom }: CompactionPlan,
): Promise<MappedKeys> {
  const recordCount = dirty.reduce((count, segment) => count + segment.recordCount, 0);
  const latest = new LatestOffsets(Math.min(settings.keysMax, recordCount), dirtyFrom);
  let cleanTo = dirtyFrom;
  for (const segment of dirty) {
    const from = { windowBytes: settings.windowBytes, fromOffset: dirtyFrom };
    for await (const window of readSegment(ports, { partition, segment }, from)) {
      const stopped = mapWindow(latest, window);
      if (stopped?.damage !== undefined) {
        // A segment with damaged bytes is left under its key, where somebody may restore them.
        return { latest, cleanTo: largest(segment.baseOffset, dirtyFrom), damage: stopped.damage };
      }
      if (stopped !== undefined) return { latest, ...stopped };
    }
    cleanTo = segment.endOffset;
  }
  return { latest, cleanTo, damage: undefined };
}

/** Where it stopped: the keys are too many, or a batch can't be read; undefined when all of them are in. */
function mapWindow(
  latest: LatestOffsets,
  { key, bytes, headers }: BatchWindow,
): Omit<MappedKeys, 'latest'> | undefined {
  for (const header of headers) {
    const { baseOffset, position } = header;
    if (latest.size + header.recordCount > latest.keysMax) {
      return { cleanTo: baseOffset, damage: undefined };
    }
    try {
      for (const record of decodeBatch(bytes, position).records) {
        if (record.key !== null) latest.put(record.key, baseOffset + BigInt(record.offsetDelta));
      }
    } catch (error) {
      if (!(error instanceof StratalogError)) throw error;
      return { cleanTo: baseOffset, damage: { key, offset: baseOffset, problem: error.message } };
    }
  }
  return undefined;
}
