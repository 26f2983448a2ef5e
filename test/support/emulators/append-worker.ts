// A process that appends to one partition through the real services and AWS adapters, as fast as it can, and prints the
// offsets that it was given. Started by a test, several at once.

import { setTimeout as sleep } from 'node:timers/promises';
import { createServices } from '../../../lib/service/services.ts';
import { type AwsStorageOptions, createAwsStorage } from '../../../lib/storage/aws/aws-storage.ts';
import { appendTo, batchOf, SeededRandom } from '../test-log.ts';

export interface AppendJob {
  readonly name: string;
  readonly seed: number;
  readonly storage: AwsStorageOptions;
  readonly topicName: string;
  readonly appends: number;
  readonly concurrency: number;
}

/** By value (`<name>/<number>`): the offset. Those that were not acknowledged are not in it. */
export type AppendReport = Readonly<Record<string, string>>;

async function work(job: AppendJob): Promise<AppendReport> {
  const storage = createAwsStorage(job.storage);
  const services = createServices({
    ...storage,
    clock: { nowMs: Date.now, sleep: async (delayMs) => await sleep(delayMs) },
    random: new SeededRandom(job.seed),
    invoker: { appendLater: async () => undefined },
  });
  const report: Record<string, string> = {};
  let next = 0;
  const append = async (): Promise<void> => {
    while (next < job.appends) {
      const value = `${job.name}/${next}`;
      next += 1;
      const request = appendTo(job.topicName, { 0: batchOf([value]) });
      const [result] = await services.append.append(request);
      if (result?.kind === 'appended') report[value] = result.baseOffset.toString();
    }
  };
  await Promise.all(Array.from({ length: job.concurrency }, append));
  storage.close();
  return report;
}

// The test that starts this file wrote the argument.
const job = JSON.parse(process.argv[2] ?? '{}') as AppendJob;
console.log(JSON.stringify(await work(job)));
