// When offsets are committed by themselves. Each commit is a request and a write for each partition, so the default is
// Kafka's: every five seconds, and when partitions go or the consumer stops.

export interface CommitPolicy {
  readonly enabled: boolean;
  /** Milliseconds; null: not by time. */
  readonly intervalMs: number | null;
  /** Records handled since the last commit; null: not by number. */
  readonly threshold: number | null;
  /**
   * `handled`: a record counts when its handler is done, so that a crash repeats it. `delivered`: when its handler
   * begins, so that a crash skips it.
   */
  readonly countsWhen: 'handled' | 'delivered';
}

export const COMMIT_INTERVAL_MS_DEFAULT = 5_000;

export interface CommitConfig {
  readonly autoCommit?: boolean;
  readonly autoCommitInterval?: number | null;
  readonly autoCommitThreshold?: number | null;
  readonly autoCommitWhen?: 'handled' | 'delivered';
}

export function commitPolicy(config: CommitConfig): CommitPolicy {
  const threshold = config.autoCommitThreshold ?? null;
  const byTime = threshold === null ? COMMIT_INTERVAL_MS_DEFAULT : null;
  return {
    enabled: config.autoCommit ?? true,
    intervalMs: config.autoCommitInterval === undefined ? byTime : config.autoCommitInterval,
    threshold,
    countsWhen: config.autoCommitWhen ?? 'handled',
  };
}

/** Whether it is time to commit, given what was counted and when the last commit was. */
export function isCommitDue(
  policy: CommitPolicy,
  since: { readonly handledCount: number; readonly elapsedMs: number },
): boolean {
  if (!policy.enabled || since.handledCount === 0) return false;
  const byNumber = policy.threshold !== null && since.handledCount >= policy.threshold;
  return byNumber || (policy.intervalMs !== null && since.elapsedMs >= policy.intervalMs);
}
