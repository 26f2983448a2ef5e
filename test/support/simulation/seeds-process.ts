// One worker's share of seeds.

import { parentPort, workerData } from 'node:worker_threads';
import { findBug } from './bugs/all.ts';
import { isExpected, runScenario } from './run.ts';
import { scenarioOf } from './scenario.ts';
import type { SeedJob, SeedNews } from './workers.ts';

const job = workerData as SeedJob;
const bug = job.bugName === undefined ? undefined : findBug(job.bugName);
const tell = (news: SeedNews): void => parentPort?.postMessage(news);

let seedCount = 0;
let requestCount = 0;
for (let seed = job.firstSeed; seed < job.firstSeed + job.count; seed += job.stride) {
  try {
    const result = await runScenario(scenarioOf(seed, job.steps), { bug });
    seedCount += 1;
    requestCount += result.requestCount;
    if (!isExpected(result.violation, bug)) continue;
    const { invariant, message } = result.violation;
    tell({ kind: 'found', seed, invariant, message });
    if (job.stopsAtFirst) break;
  } catch (error) {
    const message =
      error instanceof Error ? `${error.stack} ${String(error.cause)}` : String(error);
    tell({ kind: 'broken', seed, message });
  }
}
tell({ kind: 'done', seedCount, requestCount });
