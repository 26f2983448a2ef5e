// Tells the merging job that much waits in a partition, so that it needn't wait for its schedule. A nudge that is lost
// costs time, nothing else.

import type { PartitionKey } from '../log/keys.ts';

export interface Nudger {
  /** Resolves when it is handed over. Fails as storage requests do. */
  nudge(partition: PartitionKey): Promise<void>;
}
