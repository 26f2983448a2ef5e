// What the judge has to say: for each kind of broken promise how often, and a few examples a person can look into.

export const FINDING_KINDS = {
  lost: 'acknowledged, or committed, and not in the log',
  doubled: 'in the log more than once',
  reordered: 'acknowledged records of one producer in another order than they were sent',
  misplaced: 'not at the offset that was answered',
  invented: 'in the log, and nobody sent it',
  gaps: 'offsets that are missing, or come twice',
  changed: 'an offset that was read, and holds something else in the end',
  tornTransactions: 'of one transaction some records are visible and some are not',
  uncommittedVisible: 'records of transactions that were aborted, or never committed',
  fencedCommits: 'commits under an older epoch, or of a former owner, that took effect',
  commitsLost: 'taking a partition over gave an offset before one that was committed',
  skipped: 'offsets that a group committed past and nobody was handed',
  copiedTwice: 'records that an exactly-once pipeline copied more than once',
  notCopied: 'records that an exactly-once pipeline passed and did not copy',
  stuck: 'groups that did not get to the end of the log though nothing was killed any more',
} as const;

export type FindingKind = keyof typeof FINDING_KINDS;

export interface Finding {
  readonly kind: FindingKind;
  readonly example: string;
}

export function finding(kind: FindingKind, example: string): Finding {
  return { kind, example };
}
