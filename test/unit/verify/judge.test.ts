// The judge of `npm run verify` finds each kind of broken promise in a history in which it was planted, and nothing in
// one where all was well, whatever was under way at once.

import { describe, expect, it } from 'vitest';
import type {
  Claim,
  History,
  OffsetCommit,
  Pipeline,
  Send,
  SentTransaction,
  StoredLog,
} from '../../support/verify/history.ts';
import type { FindingKind } from '../../support/verify/judge/findings.ts';
import { judge } from '../../support/verify/judge/judge.ts';

const EMPTY: History = {
  sends: [],
  transactions: [],
  initialized: [],
  claims: [],
  commits: [],
  handled: [],
  readings: [],
};

/** Records of each place, in order. */
function logOf(places: Readonly<Record<string, readonly string[]>>): StoredLog {
  return new Map(
    Object.entries(places).map(([place, ids]) => [
      place,
      ids.map((id, offset) => ({ id, offset })),
    ]),
  );
}

function found(history: Partial<History>, log: StoredLog, pipeline?: Pipeline): FindingKind[] {
  return judge({ ...EMPTY, ...history }, log, pipeline).map(({ kind }) => kind);
}

const send = (first: number, fields: Partial<Send> = {}): Send => ({
  ...{ writer: 'p', place: 't/0', first, count: 1, outcome: 'done' },
  ...fields,
});

describe('sends', () => {
  it('are as they should be: acknowledged ones in order, others there or not', () => {
    const sends = [
      send(0, { count: 2, baseOffset: 0 }),
      send(2, { outcome: 'unknown' }),
      send(3, { outcome: 'unknown' }),
      send(4, { baseOffset: 2 }),
    ];
    // Nobody knows when a send of unknown outcome arrives.
    expect(found({ sends }, logOf({ 't/0': ['p:0', 'p:1', 'p:4', 'p:2'] }))).toEqual([]);
  });

  it.each<readonly [FindingKind, Send, readonly string[]]>([
    ['lost', send(0, { count: 2 }), ['p:0']],
    ['lost', send(0, { place: 't/1' }), ['p:0']],
    ['doubled', send(0), ['p:0', 'p:0']],
    ['doubled', send(0, { outcome: 'unknown' }), ['p:0', 'p:0']],
    ['misplaced', send(0, { count: 2, baseOffset: 1 }), ['p:0', 'p:1']],
    ['reordered', send(0, { count: 2 }), ['p:1', 'p:0']],
    ['invented', send(0), ['p:0', 'x:0']],
  ])('are found %s', (kind, one, ids) => {
    expect(found({ sends: [one] }, logOf({ 't/0': ids }))).toContain(kind);
  });

  it('are found reordered across sends, also when offsets were not told', () => {
    const kinds = found({ sends: [send(0), send(1)] }, logOf({ 't/0': ['p:1', 'p:0'] }));
    expect(kinds).toEqual(['reordered']);
  });
});

const transaction = (fields: Partial<SentTransaction> = {}): SentTransaction => ({
  name: 'a',
  writer: 'p',
  transactionalId: 'id',
  instance: { producerId: 1, producerEpoch: 3 },
  parts: [
    { place: 't/0', first: 0, count: 1 },
    { place: 't/1', first: 1, count: 1 },
  ],
  commits: [{ askedAtUs: 10, outcome: 'done' }],
  told: 'committed',
  ...fields,
});
const WHOLE = logOf({ 't/0': ['p:0'], 't/1': ['p:1'] });
const HALF = logOf({ 't/0': ['p:0'], 't/1': [] });
const NOTHING = logOf({ 't/0': [], 't/1': [] });

describe('transactions', () => {
  it.each<readonly [string, SentTransaction, StoredLog]>([
    ['committed and whole', transaction(), WHOLE],
    ['aborted and gone', transaction({ told: 'aborted', commits: [] }), NOTHING],
    ['refused and gone', transaction({ told: 'refused' }), NOTHING],
    ['of unknown outcome and whole', transaction({ told: 'unknown' }), WHOLE],
    ['of unknown outcome and gone', transaction({ told: 'unknown' }), NOTHING],
  ])('are as they should be: %s', (_what, one, log) => {
    expect(found({ transactions: [one] }, log)).toEqual([]);
  });

  it.each<readonly [FindingKind, SentTransaction, StoredLog]>([
    ['tornTransactions', transaction(), HALF],
    ['tornTransactions', transaction({ told: 'unknown' }), HALF],
    ['lost', transaction(), NOTHING],
    ['uncommittedVisible', transaction({ told: 'aborted' }), WHOLE],
    ['uncommittedVisible', transaction({ told: 'unknown', commits: [] }), WHOLE],
    ['fencedCommits', transaction({ told: 'refused', commits: [refusedAt(10)] }), WHOLE],
    ['doubled', transaction(), logOf({ 't/0': ['p:0', 'p:0'], 't/1': ['p:1'] })],
  ])('are found %s', (kind, one, log) => {
    expect(found({ transactions: [one] }, log)).toContain(kind);
  });

  it('may be refused at a second try that the first one made void', () => {
    const commits = [{ askedAtUs: 10, outcome: 'unknown' as const }, refusedAt(20)];
    const one = transaction({ told: 'refused', commits });
    expect(found({ transactions: [one] }, WHOLE)).toEqual([]);
  });

  it.each<readonly [string, number, number, FindingKind[]]>([
    ['was answered before its commit was asked for', 4, 9, ['fencedCommits']],
    ['was answered only after that', 4, 11, []],
    ['is older', 2, 9, []],
  ])('of a fenced producer are judged by time: a newer instance that %s', (_, epoch, at, kinds) => {
    const initialized = [
      { transactionalId: 'id', producerId: 1, producerEpoch: epoch, answeredAtUs: at },
    ];
    const one = transaction({ told: 'unknown' });
    expect(found({ transactions: [one], initialized }, WHOLE)).toEqual(kinds);
  });

  const reading = (round: number, place: string, records: readonly string[]) => ({
    ...{ reader: 'r', round, place, baseOffset: 0, records },
  });

  it('may be seen in two rounds of a reader, one after the other', () => {
    const readings = [
      reading(1, 't/1', ['p:1']),
      reading(2, 't/0', ['p:0']),
      reading(5, 't/2', []),
    ];
    expect(found({ transactions: [transaction()], readings }, WHOLE)).toEqual([]);
  });

  it('are found torn at a cut, when the rest was not visible a whole round later', () => {
    const readings = [reading(1, 't/1', ['p:1']), reading(3, 't/0', ['p:0'])];
    expect(found({ transactions: [transaction()], readings }, WHOLE)).toEqual(['tornTransactions']);
  });

  it('say nothing of rounds that were not finished', () => {
    const readings = [reading(1, 't/1', ['p:1']), reading(2, 't/2', [])];
    expect(found({ transactions: [transaction()], readings }, WHOLE)).toEqual([]);
  });
});

function refusedAt(askedAtUs: number) {
  return { askedAtUs, outcome: 'refused' as const };
}

describe('readings', () => {
  const sends = [send(0), send(1)];
  const readings = [{ reader: 'r', round: 0, place: 't/0', baseOffset: 1, records: ['p:1'] }];

  it('stand', () => {
    expect(found({ sends, readings }, logOf({ 't/0': ['p:0', 'p:1'] }))).toEqual([]);
  });

  it.each<readonly [string, readonly string[]]>([
    ['something else', ['p:1', 'p:0']],
    ['nothing', ['p:0']],
  ])('are found changed, where the offset holds %s in the end', (_what, ids) => {
    expect(found({ sends, readings }, logOf({ 't/0': ids }))).toContain('changed');
  });

  it.each<readonly [string, readonly number[]]>([
    ['a gap', [0, 2]],
    ['an offset twice', [0, 0]],
    ['another beginning', [1, 2]],
  ])('of the whole log find %s', (_what, [one = 0, two = 0]) => {
    const log = new Map([
      [
        't/0',
        [
          { id: 'p:0', offset: one },
          { id: 'p:1', offset: two },
        ],
      ],
    ]);
    expect(found({ sends }, log)).toContain('gaps');
  });
});

describe('groups', () => {
  const call = { group: 'g', place: 't/0', outcome: 'done' } as const;
  const claim = (member: string, atUs: number, fields: Partial<Claim> = {}): Claim => ({
    ...{ ...call, member, askedAtUs: atUs, answeredAtUs: atUs + 1, offset: null },
    ...fields,
  });
  const commit = (member: string, atUs: number, fields: Partial<OffsetCommit> = {}) => ({
    ...{ ...call, member, askedAtUs: atUs, answeredAtUs: atUs + 1, offset: 5 },
    ...fields,
  });
  const handled = [{ group: 'g', place: 't/0', first: 0, next: 5 }];
  const judged = (claims: readonly Claim[], commits: readonly OffsetCommit[]) =>
    found({ claims, commits, handled }, new Map());

  it('hand a partition over, and back', () => {
    const claims = [claim('a', 0), claim('b', 20, { offset: 5 }), claim('a', 40, { offset: 5 })];
    const commits = [commit('a', 10), commit('b', 30), commit('a', 50)];
    expect(judged(claims, commits)).toEqual([]);
  });

  it('may have a commit and a takeover under way at once, and refuse a former owner', () => {
    const claims = [claim('a', 0), claim('b', 20, { answeredAtUs: 40 })];
    expect(judged(claims, [commit('a', 30)])).toEqual([]);
    expect(judged(claims, [commit('a', 50, { outcome: 'refused' })])).toEqual([]);
  });

  it('may give a partition back by a takeover whose answer was lost', () => {
    const lost = claim('a', 30, { answeredAtUs: undefined, outcome: 'unknown' });
    expect(judged([claim('a', 0), claim('b', 20), lost], [commit('a', 50)])).toEqual([]);
  });

  it('are found to let a former owner commit', () => {
    const claims = [claim('a', 0), claim('b', 20)];
    expect(judged(claims, [commit('a', 30)])).toEqual(['fencedCommits']);
  });

  it('are found to have committed what was refused', () => {
    const claims = [claim('a', 0), claim('b', 20, { offset: 5 })];
    expect(judged(claims, [commit('a', 10, { outcome: 'refused' })])).toEqual(['fencedCommits']);
  });

  it('may have committed what nobody heard of', () => {
    const claims = [claim('a', 0), claim('b', 20, { offset: 5 })];
    const commits = [commit('a', 10, { outcome: 'unknown', answeredAtUs: undefined })];
    expect(judged(claims, commits)).toEqual([]);
  });

  it.each([null, 4])('are found to lose a commit: taken over at %s', (offset) => {
    const claims = [claim('a', 0), claim('b', 20, { offset })];
    const lesser = commit('a', 5, { offset: 4 });
    expect(judged(claims, [lesser, commit('a', 10)])).toEqual(['commitsLost']);
  });

  it.each([
    ['at the beginning', [{ first: 1, next: 5 }]],
    [
      'in the middle',
      [
        { first: 0, next: 2 },
        { first: 3, next: 5 },
      ],
    ],
    ['at the end', [{ first: 0, next: 4 }]],
    ['all of it', []],
  ])('are found to skip records %s', (_where, ranges) => {
    const own = ranges.map((range) => ({ group: 'g', place: 't/0', ...range }));
    const history = { claims: [claim('a', 0)], commits: [commit('a', 10)], handled: own };
    expect(found(history, new Map())).toEqual(['skipped']);
  });

  it('may hand records out twice', () => {
    const own = [
      { group: 'g', place: 't/0', first: 2, next: 5 },
      { group: 'g', place: 't/0', first: 0, next: 4 },
    ];
    const history = { claims: [claim('a', 0)], commits: [commit('a', 10)], handled: own };
    expect(found(history, new Map())).toEqual([]);
  });
});

describe('a pipeline', () => {
  const pipeline = (end: number): Pipeline => ({
    ...{ inputTopic: 't', outputTopic: 'o' },
    committed: new Map([['t/0', end]]),
  });
  const sends = [send(0), send(1)];
  const copied = (...ids: readonly string[]) => logOf({ 't/0': ['p:0', 'p:1'], 'o/0': ids });

  it('copies everything once, up to what it has committed', () => {
    expect(found({ sends }, copied('copy-of-t/0:0', 'copy-of-t/0:1'), pipeline(2))).toEqual([]);
    expect(found({ sends }, copied('copy-of-t/0:0'), pipeline(1))).toEqual([]);
  });

  it.each<readonly [FindingKind, readonly string[], number]>([
    ['copiedTwice', ['copy-of-t/0:0', 'copy-of-t/0:1', 'copy-of-t/0:1'], 2],
    ['notCopied', ['copy-of-t/0:1'], 2],
    ['tornTransactions', ['copy-of-t/0:0', 'copy-of-t/0:1'], 1],
    ['invented', ['copy-of-t/0:0', 'copy-of-t/0:1', 'copy-of-t/0:7'], 2],
  ])('is found: %s', (kind, ids, end) => {
    expect(found({ sends }, copied(...ids), pipeline(end))).toEqual([kind]);
  });
});
