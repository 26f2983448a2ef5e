// A scheduled job as a function: runs until shortly before its time is up, then says what it did, in one line of
// metrics.

import { metricLine } from './metrics.ts';

/** What is left for the answer, and for requests under way. */
const TIME_MARGIN_MS = 15_000;
/** Alarms watch these, whichever job tells them: objects that are not what the index says, and what jobs failed at. */
const ALARMING: Readonly<Record<string, string>> = {
  damaged: 'DamagedObjects',
  failures: 'JobFailures',
};

interface JobContext {
  getRemainingTimeInMillis(): number;
}

export type JobHandler<Event> = (event: Event, context: JobContext) => Promise<object>;

/** `run` gets when it must come to its end, milliseconds since 1970. */
export function jobHandler<Event>(
  name: string,
  run: (event: Event, limit: { readonly untilMs: number }) => Promise<object>,
): JobHandler<Event> {
  return async (event, context) => {
    const nowMs = Date.now();
    const untilMs = nowMs + Math.max(0, context.getRemainingTimeInMillis() - TIME_MARGIN_MS);
    const report = await run(event, { untilMs });
    const metrics = metricsOf(name, report);
    const line = metricLine({ metrics, details: { job: name, report }, nowMs });
    process.stdout.write(`${line}\n`);
    return JSON.parse(line) as object;
  };
}

/** Numbers are metrics, and so is how long each list is; what is in the lists is there to be read. */
export function metricsOf(name: string, report: object): Record<string, number> {
  const metrics: Record<string, number> = {};
  for (const [key, value] of Object.entries(report)) {
    const count: unknown = Array.isArray(value) ? value.length : value;
    if (typeof count !== 'number') continue;
    metrics[`${name}.${key}`] = count;
    const alarming = ALARMING[key];
    if (alarming !== undefined && count > 0) metrics[alarming] = count;
  }
  return metrics;
}
