// Where logs end, as far as this process has seen: ends only grow, so an offset below one that was seen needs no read.

import { LOG_ENDS_MAX } from '../../limits.ts';
import { type PartitionKey, partitionKeyText } from '../../log/keys.ts';
import type { PartitionStore } from '../../ports/partition-store.ts';
import type { RetryPorts } from '../retry.ts';
import { readHeads } from './read.ts';

/** `end`: the offset that the partition's next record gets, when `offset` is beyond it. `gone`: there is no such log. */
type Reach =
  | { readonly kind: 'within' }
  | { readonly kind: 'beyond'; readonly end: bigint }
  | { readonly kind: 'gone' };

export interface LogEnds {
  /** Does the log reach these offsets? One read for all that this process hasn't seen it reach; `looks`: for all. */
  check(
    asked: readonly { readonly partition: PartitionKey; readonly offset: bigint }[],
    how: { readonly looks: boolean },
  ): Promise<readonly Reach[]>;
}

export function createLogEnds(
  ports: RetryPorts & { readonly partitions: PartitionStore },
): LogEnds {
  const seen = new Map<string, bigint>();

  function isSeen({ partition, offset }: { partition: PartitionKey; offset: bigint }): boolean {
    return offset <= (seen.get(partitionKeyText(partition)) ?? 0n);
  }

  async function look(partitions: readonly PartitionKey[]): Promise<ReadonlySet<string>> {
    if (seen.size + partitions.length > LOG_ENDS_MAX) seen.clear();
    const heads = await readHeads(ports, partitions);
    const gone = new Set<string>();
    for (const [index, partition] of partitions.entries()) {
      const head = heads[index];
      const text = partitionKeyText(partition);
      if (head === undefined) gone.add(text);
      else seen.set(text, head.nextOffset);
    }
    return gone;
  }

  return {
    async check(asked, { looks }) {
      const unseen = asked.filter((one) => looks || !isSeen(one)).map(({ partition }) => partition);
      const gone = unseen.length === 0 ? new Set<string>() : await look(unseen);
      return asked.map((one) => {
        const text = partitionKeyText(one.partition);
        if (gone.has(text)) return { kind: 'gone' };
        return isSeen(one) ? { kind: 'within' } : { kind: 'beyond', end: seen.get(text) ?? 0n };
      });
    },
  };
}
