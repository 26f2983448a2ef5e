// What a verification says in the end: a table to read, and the same as JSON.

import type { CrewNews } from './crew.ts';
import type { History, StoredLog } from './history.ts';
import { FINDING_KINDS, type Finding, type FindingKind } from './judge/findings.ts';

const EXAMPLES_MAX = 10;
const TROUBLES_MAX = 12;

export interface Facts {
  readonly endpoint: string;
  readonly seconds: number;
  readonly crew: CrewNews;
  readonly homeKills: number;
  readonly history: History;
  readonly log: StoredLog;
  readonly findings: readonly Finding[];
  readonly troubles: readonly string[];
}

export interface Report {
  readonly endpoint: string;
  readonly seconds: number;
  /** What was done, and how often. */
  readonly done: Readonly<Record<string, number>>;
  readonly perSecond: Readonly<Record<string, number>>;
  readonly broken: Readonly<Record<FindingKind, number>>;
  readonly examples: Readonly<Partial<Record<FindingKind, readonly string[]>>>;
  /** What clients complained of, most frequent first: kills cause such. */
  readonly troubles: readonly { readonly what: string; readonly count: number }[];
  readonly verdict: 'kept' | 'broken' | 'too little was done';
}

export function reportOf(facts: Facts): Report {
  const { endpoint, seconds, findings, troubles } = facts;
  const done = countDone(facts);
  const kinds = Object.keys(FINDING_KINDS) as FindingKind[];
  const byKind = Map.groupBy(findings, ({ kind }) => kind);
  const rates = ['records acknowledged', 'transactions committed', 'offsets committed'];
  return {
    endpoint,
    seconds,
    done,
    perSecond: Object.fromEntries(
      rates.map((name) => [name, Math.round((10 * (done[name] ?? 0)) / seconds) / 10]),
    ),
    broken: Object.fromEntries(
      kinds.map((kind) => [kind, byKind.get(kind)?.length ?? 0]),
    ) as Report['broken'],
    examples: Object.fromEntries(
      [...byKind].map(([kind, own]) => [
        kind,
        own.slice(0, EXAMPLES_MAX).map(({ example }) => example),
      ]),
    ),
    troubles: frequencies(troubles),
    verdict: verdictOf(findings, done),
  };
}

function verdictOf(
  findings: readonly Finding[],
  done: Readonly<Record<string, number>>,
): Report['verdict'] {
  if (findings.length > 0) return 'broken';
  const needed = [
    'records acknowledged',
    'transactions committed',
    'offsets committed',
    'records copied exactly once',
  ];
  return needed.some((name) => done[name] === 0) ? 'too little was done' : 'kept';
}

function countDone({ crew, homeKills, history, log }: Facts): Record<string, number> {
  const { sends, transactions, commits, claims, readings } = history;
  const countOf = (ones: readonly { readonly count: number }[]): number =>
    ones.reduce((sum, { count }) => sum + count, 0);
  const told = Map.groupBy(transactions, (transaction) => transaction.told);
  const committed = told.get('committed') ?? [];
  const records = [...log.values()].flat();
  return {
    'processes started': crew.starts,
    'killed with signal 9': crew.kills,
    'stopped and let go on': crew.stops,
    'local home killed': homeKills,
    'records acknowledged':
      countOf(sends.filter(({ outcome }) => outcome === 'done')) +
      countOf(committed.flatMap(({ parts }) => parts)),
    'records of unknown outcome': countOf(sends.filter(({ outcome }) => outcome === 'unknown')),
    'transactions committed': committed.length,
    'transactions aborted': told.get('aborted')?.length ?? 0,
    'transactions refused': told.get('refused')?.length ?? 0,
    'transactions of unknown outcome': told.get('unknown')?.length ?? 0,
    'partitions taken over': claims.filter(({ outcome }) => outcome === 'done').length,
    'offsets committed': commits.filter(({ outcome }) => outcome === 'done').length,
    'offset commits refused': commits.filter(({ outcome }) => outcome === 'refused').length,
    'records copied exactly once': records.filter(({ id }) => id.startsWith('copy-of-')).length,
    'records read by others': readings.reduce((sum, reading) => sum + reading.records.length, 0),
    'records in the log': records.length,
  };
}

function frequencies(troubles: readonly string[]): Report['troubles'] {
  // Numbers and names differ from one to the next, and say nothing here.
  const shapes = troubles.map((what) => what.replaceAll(/\d+/g, '#').slice(0, 160));
  const counts = [...Map.groupBy(shapes, (shape) => shape)].map(([what, own]) => ({
    what,
    count: own.length,
  }));
  return counts.sort((one, other) => other.count - one.count).slice(0, TROUBLES_MAX);
}

export function printReport(report: Report): string {
  const lines = [`\n${report.endpoint}, ${report.seconds} s\n`];
  for (const [name, count] of Object.entries(report.done)) {
    const rate = report.perSecond[name];
    lines.push(row(count, name + (rate === undefined ? '' : ` (${rate} a second)`)));
  }
  lines.push('', 'promises broken:');
  for (const [kind, count] of Object.entries(report.broken) as [FindingKind, number][]) {
    lines.push(row(count, `${kind}: ${FINDING_KINDS[kind]}`));
    for (const example of report.examples[kind] ?? []) lines.push(`           ${example}`);
  }
  if (report.troubles.length > 0)
    lines.push('', 'what clients complained of, which is no broken promise:');
  for (const { what, count } of report.troubles) lines.push(row(count, what));
  lines.push('', `verdict: ${report.verdict}`, '');
  return lines.join('\n');
}

function row(count: number, what: string): string {
  return `${String(count).padStart(9)}  ${what}`;
}
