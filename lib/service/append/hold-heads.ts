// Transactions among other writes. DynamoDB refuses a transaction when somebody has written one of its items in the few
// milliseconds since it began, so on partitions that are busy enough it would never get through. After some conflicts
// appends are asked to stay away for a moment: they are refused as in a conflict, and come back by their own pauses.
//
// Nothing but fairness depends on a hold: it ends by itself, soon, and a transaction that commits ends it.

import { HEAD_HOLD_MS, HEAD_HOLD_SETTLE_MS, HOLD_AFTER_CONFLICTS } from '../../limits.ts';
import type { PartitionKey } from '../../log/keys.ts';
import type { PartitionStore } from '../../ports/partition-store.ts';
import { isWithoutEffect, type RetryPorts } from '../retry.ts';

export interface HoldPorts extends RetryPorts {
  readonly partitions: PartitionStore;
}

/** One transaction's tries, of which it counts the conflicts. */
export class HeadHolder {
  readonly #ports: HoldPorts;
  #conflicts = 0;

  constructor(ports: HoldPorts) {
    this.#ports = ports;
  }

  /** Tries it once, alone with these heads when it has met others too often. */
  async attempt<Outcome>(
    partitions: readonly PartitionKey[],
    transact: () => Promise<Outcome>,
  ): Promise<Outcome> {
    if (this.#conflicts >= HOLD_AFTER_CONFLICTS) await this.#hold(partitions);
    try {
      return await transact();
    } catch (error) {
      if (isWithoutEffect(error)) this.#conflicts += 1;
      throw error;
    }
  }

  /** Heads that could not be held are left to luck. Then what was under way is waited for. */
  async #hold(partitions: readonly PartitionKey[]): Promise<void> {
    const { clock, partitions: store } = this.#ports;
    const untilMs = clock.nowMs() + HEAD_HOLD_MS;
    await Promise.allSettled(partitions.map((partition) => store.holdHead(partition, untilMs)));
    await clock.sleep(HEAD_HOLD_SETTLE_MS);
  }
}
