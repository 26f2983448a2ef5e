// The background jobs of the local home, on timers of this process: each runs again a while after it has ended.

import {
  LOCAL_COMPACT_INTERVAL_MS,
  LOCAL_GARBAGE_INTERVAL_MS,
  LOCAL_GROUPS_INTERVAL_MS,
  LOCAL_MERGE_INTERVAL_MS,
  LOCAL_RETENTION_INTERVAL_MS,
} from '../limits.ts';
import type { Clock } from '../ports/environment.ts';
import type { Background } from '../service/background/background.ts';
import type { GroupWatch } from '../service/group/watch.ts';

export interface BackgroundJobs {
  /** Begins nothing new, and waits for what runs. */
  stop(): Promise<void>;
}

export interface LocalBackground extends Background {
  readonly watchGroups: (limit: { readonly untilMs: number }) => Promise<GroupWatch>;
}

interface Job {
  readonly name: string;
  readonly intervalMs: number;
  readonly run: (limit: { readonly untilMs: number }) => Promise<object>;
}

/** `complain` is told what a run threw, or could not do; the next run comes all the same. */
export function startBackgroundJobs(
  background: LocalBackground,
  clock: Clock,
  complain: (job: string, problem: unknown) => void,
): BackgroundJobs {
  const stopping = new AbortController();
  const repeat = async ({ name, intervalMs, run }: Job): Promise<void> => {
    for (;;) {
      await clock.sleep(intervalMs, stopping.signal);
      if (stopping.signal.aborted) return;
      try {
        complainOf(name, await run({ untilMs: clock.nowMs() + intervalMs }), complain);
      } catch (error) {
        complain(name, error);
      }
    }
  };
  const running = jobsOf(background).map(repeat);
  return {
    async stop() {
      stopping.abort();
      await Promise.all(running);
    },
  };
}

function jobsOf(background: LocalBackground): readonly Job[] {
  const { segments, retention, compaction, garbage, watchGroups } = background;
  return [
    { name: 'merging', intervalMs: LOCAL_MERGE_INTERVAL_MS, run: segments.mergeAll },
    { name: 'retention', intervalMs: LOCAL_RETENTION_INTERVAL_MS, run: retention.applyAll },
    { name: 'compaction', intervalMs: LOCAL_COMPACT_INTERVAL_MS, run: compaction.compactAll },
    { name: 'garbage collection', intervalMs: LOCAL_GARBAGE_INTERVAL_MS, run: garbage.collect },
    { name: 'groups', intervalMs: LOCAL_GROUPS_INTERVAL_MS, run: watchGroups },
  ];
}

/** What a report says that a person should hear. */
function complainOf(
  name: string,
  report: { readonly failures?: readonly unknown[]; readonly damaged?: readonly unknown[] },
  complain: (job: string, problem: unknown) => void,
): void {
  for (const problem of [...(report.failures ?? []), ...(report.damaged ?? [])]) {
    complain(name, problem);
  }
}
