// Metrics of this project's own, as log lines that CloudWatch takes numbers from (embedded metric format). None has
// dimensions: each combination of them would be a metric of its own, at $0.30 a month. A metric that is told only when
// something is wrong costs nothing until then. The namespace is the log's: of two in one account each has its own numbers.

/** The stack sets it to its own. */
const NAMESPACE_DEFAULT = 'Stratalog';

export interface MetricLine {
  /** By the metric's name. */
  readonly metrics: Readonly<Record<string, number>>;
  /** What the line says beside them. No payload. */
  readonly details: object;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

export function metricLine({ metrics, details, nowMs }: MetricLine): string {
  const names = Object.keys(metrics).map((name) => ({ Name: name }));
  const namespace = process.env.STRATALOG_METRICS ?? NAMESPACE_DEFAULT;
  const directive = { Namespace: namespace, Dimensions: [[]], Metrics: names };
  const line = {
    _aws: { Timestamp: nowMs, CloudWatchMetrics: [directive] },
    ...metrics,
    ...details,
  };
  // Offsets are text, as everywhere in JSON that machines read.
  return JSON.stringify(line, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
}
