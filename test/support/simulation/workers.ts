// Many seeds on all cores: each worker process runs its share and tells what it found.

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

export interface SeedJob {
  readonly firstSeed: number;
  readonly count: number;
  /** The worker runs every so manieth seed. */
  readonly stride: number;
  readonly steps: number;
  readonly bugName: string | undefined;
  /** Ends with the first violation. */
  readonly stopsAtFirst: boolean;
}

export type SeedNews =
  | {
      readonly kind: 'found';
      readonly seed: number;
      readonly invariant: string;
      readonly message: string;
    }
  | { readonly kind: 'broken'; readonly seed: number; readonly message: string }
  | { readonly kind: 'done'; readonly seedCount: number; readonly requestCount: number };

type Job = Omit<SeedJob, 'stride'>;

/** Runs seeds; calls `hear` for everything that any worker tells. */
export async function runSeeds(job: Job, hear: (news: SeedNews) => void): Promise<void> {
  const workers = Math.min(availableParallelism(), job.count);
  await Promise.all(
    Array.from({ length: workers }, (_, index) =>
      work(
        { ...job, firstSeed: job.firstSeed + index, count: job.count - index, stride: workers },
        hear,
      ),
    ),
  );
}

function work(job: SeedJob, hear: (news: SeedNews) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./seeds-process.ts', import.meta.url), { workerData: job });
    worker.on('message', hear);
    worker.on('error', reject);
    worker.on('exit', () => resolve());
  });
}
