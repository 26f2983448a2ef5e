// What processes wrote down, put together: questions with their answers, and without them.

import { describe, expect, it } from 'vitest';
import { assemble, type HistoryLine } from '../../support/verify/history-lines.ts';

const history = (...lines: readonly HistoryLine[]) => assemble([lines]);

describe('assemble', () => {
  it('knows nothing of a send whose process was killed before it was answered', () => {
    const sent = { kind: 'send', writer: 'p', place: 't/0', count: 1 } as const;
    const { sends } = history(
      { ...sent, first: 0 },
      { kind: 'sent', writer: 'p', first: 0, outcome: 'done', baseOffset: 7 },
      { ...sent, first: 1 },
    );
    expect(sends.map(({ outcome, baseOffset }) => [outcome, baseOffset])).toEqual([
      ['done', 7],
      ['unknown', undefined],
    ]);
  });

  it('keeps apart what processes counted for themselves', () => {
    const begin = (name: string): HistoryLine => ({
      ...{ kind: 'begin', name, writer: name, transactionalId: 'id', parts: [] },
    });
    const commit = (name: string): HistoryLine => ({
      ...{ kind: 'commit', call: 1, name, atUs: 3, producerId: 1, producerEpoch: 0 },
    });
    const { transactions } = assemble([
      [begin('a'), commit('a'), { kind: 'answer', call: 1, atUs: 4, outcome: 'refused' }],
      [begin('b'), commit('b'), { kind: 'ended', name: 'b', told: 'committed' }],
    ]);
    expect(transactions.map(({ commits, told }) => [commits[0]?.outcome, told])).toEqual([
      ['refused', 'unknown'],
      ['unknown', 'committed'],
    ]);
  });

  it('takes as refused what a request for several partitions was not answered with', () => {
    const places = [
      { place: 't/0', offset: 4 },
      { place: 't/1', offset: 5 },
    ];
    const { commits } = history(
      { kind: 'offsets', call: 1, atUs: 1, group: 'g', member: 'm', places },
      {
        ...{ kind: 'answer', call: 1, atUs: 2, outcome: 'done' },
        places: [{ place: 't/1', offset: 5 }],
      },
    );
    expect(commits.map(({ place, outcome, offset }) => [place, outcome, offset])).toEqual([
      ['t/0', 'refused', 4],
      ['t/1', 'done', 5],
    ]);
  });

  it('gives a claim what it was answered with, and no time to one that was not', () => {
    const claim = { kind: 'claim', atUs: 1, group: 'g', member: 'm' } as const;
    const { claims } = history(
      { ...claim, call: 1, places: [{ place: 't/0' }] },
      {
        ...{ kind: 'answer', call: 1, atUs: 2, outcome: 'done' },
        places: [{ place: 't/0', offset: 9 }],
      },
      { ...claim, call: 2, places: [{ place: 't/0' }] },
      { kind: 'answer', call: 2, atUs: 3, outcome: 'unknown' },
    );
    expect(
      claims.map(({ outcome, offset, answeredAtUs }) => [outcome, offset, answeredAtUs]),
    ).toEqual([
      ['done', 9, 2],
      ['unknown', null, undefined],
    ]);
  });
});
