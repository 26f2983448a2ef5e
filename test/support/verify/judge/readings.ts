// `dense`, `visible-once-complete` and `atomic-transaction` while all is under way: what readers saw, against what lies
// in the log in the end.

import { type Reading, recordId, type SentTransaction, type StoredLog } from '../history.ts';
import { type Finding, finding } from './findings.ts';

/** Offsets of each partition are 0, 1, 2, … */
export function judgeOffsets(stored: StoredLog): Finding[] {
  return [...stored].flatMap(([place, records]) => {
    const wrong = records.findIndex(({ offset }, at) => offset !== at);
    if (wrong < 0) return [];
    return [finding('gaps', `${place}: offset ${records[wrong]?.offset} where ${wrong} is next`)];
  });
}

/** What was read once stays as it was read. */
export function judgeReadings(readings: readonly Reading[], stored: StoredLog): Finding[] {
  const found: Finding[] = [];
  for (const { reader, place, baseOffset, records } of readings) {
    const now = stored.get(place) ?? [];
    for (const [at, id] of records.entries()) {
      const offset = baseOffset + at;
      const standing = now[offset]?.id;
      if (standing === id) continue;
      found.push(finding('changed', `${place}@${offset}: ${reader} read ${id}, now ${standing}`));
    }
  }
  return found;
}

/**
 * A reader goes from partition to partition, so of a transaction it may see some records in one round and the others in
 * the next one, but not later: that began when the transaction was visible.
 */
export function judgeCuts(
  readings: readonly Reading[],
  transactions: readonly SentTransaction[],
): Finding[] {
  const nameOf = namesByRecord(transactions);
  const sizes = new Map(
    transactions.map(({ name, parts }) => [name, sum(parts.map(({ count }) => count))]),
  );
  const byReader = Map.groupBy(readings, ({ reader }) => reader);
  return [...byReader].flatMap(([reader, own]) => {
    const lastRound = Math.max(...own.map(({ round }) => round));
    return [...sightings(own, nameOf)].flatMap(([name, rounds]) => {
      const first = Math.min(...rounds);
      const inTime = rounds.filter((round) => round <= first + 1).length;
      const size = sizes.get(name) ?? 0;
      // Whether the round after the first sighting was read to its end is known when another one has begun.
      if (first + 1 >= lastRound || inTime >= size) return [];
      const story = `${name}: ${reader} saw ${inTime} of ${size} records in rounds ${first} and ${first + 1}`;
      return [finding('tornTransactions', story)];
    });
  });
}

/** By transaction, the round of each record that was seen. */
function sightings(
  readings: readonly Reading[],
  nameOf: ReadonlyMap<string, string>,
): ReadonlyMap<string, readonly number[]> {
  const rounds = new Map<string, number[]>();
  for (const { round, records } of readings) {
    for (const id of records) {
      const name = nameOf.get(id);
      if (name === undefined) continue;
      const known = rounds.get(name);
      if (known === undefined) rounds.set(name, [round]);
      else known.push(round);
    }
  }
  return rounds;
}

function namesByRecord(transactions: readonly SentTransaction[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { name, writer, parts } of transactions) {
    for (const { first, count } of parts) {
      for (let at = 0; at < count; at += 1) names.set(recordId(writer, first + at), name);
    }
  }
  return names;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
