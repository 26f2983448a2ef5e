// Garbage collection, on a schedule; invoked with `{"dryRun": true}` it only says what would go.

import { jobHandler } from './shared/job.ts';
import { createBackgroundRuntime } from './shared/runtime.ts';

interface CollectGarbageEvent {
  readonly dryRun?: boolean;
}

const { garbage } = createBackgroundRuntime();

export const handler = jobHandler<CollectGarbageEvent>(
  'collect-garbage',
  ({ dryRun = false }, limit) => garbage.collect({ ...limit, dryRun }),
);
