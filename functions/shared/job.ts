// A scheduled job as a function: runs until shortly before its time is up, then says what it did, in one line that
// CloudWatch takes its metrics from (embedded metric format).

/** What is left for the answer, and for requests under way. */
const TIME_MARGIN_MS = 15_000;
const NAMESPACE = 'Stratalog';

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
    const line = metricLine(name, await run(event, { untilMs }), nowMs);
    process.stdout.write(`${line}\n`);
    return JSON.parse(line) as object;
  };
}

/** Numbers are metrics, and so is how long each list is; what is in the lists is there to be read. */
export function metricLine(name: string, report: object, nowMs: number): string {
  const values: Record<string, number> = {};
  for (const [key, value] of Object.entries(report)) {
    if (typeof value === 'number') values[`${name}.${key}`] = value;
    if (Array.isArray(value)) values[`${name}.${key}`] = value.length;
  }
  const metrics = Object.keys(values).map((metric) => ({ Name: metric }));
  const directive = { Namespace: NAMESPACE, Dimensions: [[]], Metrics: metrics };
  const line = {
    _aws: { Timestamp: nowMs, CloudWatchMetrics: [directive] },
    job: name,
    ...values,
    report,
  };
  // Offsets are text, as everywhere in JSON that machines read.
  return JSON.stringify(line, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
}
