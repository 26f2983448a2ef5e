// A scheduled job as a function: runs until shortly before its time is up, then says what it did, in one line of
// metrics.

import { metricLine } from './metrics.ts';

/** What is left for the answer, and for requests under way. */
const TIME_MARGIN_MS = 15_000;
/** Objects that are not what the index says, whichever job met them; an alarm watches it. */
const DAMAGED_OBJECTS = 'DamagedObjects';

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
    if (typeof value === 'number') metrics[`${name}.${key}`] = value;
    if (Array.isArray(value)) metrics[`${name}.${key}`] = value.length;
  }
  const damagedCount = metrics[`${name}.damaged`] ?? 0;
  return damagedCount > 0 ? { ...metrics, [DAMAGED_OBJECTS]: damagedCount } : metrics;
}
