// `atomic-transaction` and `fenced`, of transactions: what is in the log in the end.

import {
  type Initialized,
  type Instance,
  type Numbers,
  recordId,
  type SentTransaction,
} from '../history.ts';
import { type Finding, type FindingKind, finding } from './findings.ts';
import type { StoredIndex } from './stored-index.ts';

/** Every transaction is in the log whole and once, or not at all, as its commit was answered. */
export function judgeTransactions(
  transactions: readonly SentTransaction[],
  initialized: readonly Initialized[],
  stored: StoredIndex,
): Finding[] {
  const instances = Map.groupBy(initialized, ({ transactionalId }) => transactionalId);
  return transactions.flatMap((transaction) => {
    const ids = transaction.parts.flatMap((part) => idsOf(transaction.writer, part));
    const visible = ids.filter(({ id, place }) => stored.isIn(id, place));
    const found = ids
      .filter(({ id }) => stored.all(id).length > 1)
      .map(({ id }) => finding('doubled', `${id} of transaction ${transaction.name}`));
    const story = `${transaction.name} (${transaction.told}): ${visible.length} of ${ids.length} records are visible`;
    if (visible.length > 0 && visible.length < ids.length) {
      found.push(finding('tornTransactions', story));
    }
    if (visible.length === 0 && transaction.told === 'committed' && ids.length > 0) {
      found.push(finding('lost', story));
    }
    const wrong = visible.length > 0 ? whyNever(transaction, instances) : undefined;
    if (wrong !== undefined) found.push(finding(wrong, story));
    return found;
  });
}

/** Why nothing of it may ever be visible; undefined: it may. */
function whyNever(
  transaction: SentTransaction,
  instances: ReadonlyMap<string, readonly Initialized[]>,
): FindingKind | undefined {
  const { commits, told, instance, transactionalId } = transaction;
  const [first] = commits;
  if (first === undefined || told === 'aborted') return 'uncommittedVisible';
  // Each try was refused: none of them may have taken effect, whatever order they arrived in.
  if (commits.every(({ outcome }) => outcome === 'refused')) return 'fencedCommits';
  const wasFenced = (instances.get(transactionalId) ?? []).some(
    (other) =>
      instance !== undefined && isNewer(other, instance) && other.answeredAtUs < first.askedAtUs,
  );
  return wasFenced ? 'fencedCommits' : undefined;
}

function isNewer(other: Instance, instance: Instance): boolean {
  if (other.producerId !== instance.producerId) return other.producerId > instance.producerId;
  return other.producerEpoch > instance.producerEpoch;
}

function idsOf(writer: string, { place, first, count }: Numbers) {
  return Array.from({ length: count }, (_, at) => ({ place, id: recordId(writer, first + at) }));
}
