// A minute of `npm run verify` on the local home: real processes, killed with signal 9 and started again, as is the home
// itself. And shorter ones on logs that lie, because a verification that can't fail proves nothing.

import { afterEach, describe, expect, it } from 'vitest';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import { type Lie, startLyingProxy } from '../support/verify/lying-proxy.ts';
import { runVerify } from '../support/verify/run-verify.ts';

describe('npm run verify', () => {
  it('finds no promise broken by the local home, whose processes are killed (durable, dense, ordered, visible-once-complete, no-double-append, fenced, one-owner, monotonic-ownership, atomic-transaction)', async () => {
    const { exitCode, output, report } = await runVerify(['--minutes', '1']);
    console.log(output);
    expect(report?.examples).toEqual({});
    expect([exitCode, report?.verdict]).toEqual([0, 'kept']);
    const done: Readonly<Record<string, number>> = report?.done ?? {};
    // Enough to say something; how much more it is depends on the machine.
    expect(done['killed with signal 9']).toBeGreaterThanOrEqual(3);
    expect(done['stopped and let go on']).toBeGreaterThanOrEqual(2);
    expect(done['local home killed']).toBeGreaterThanOrEqual(1);
    expect(done['records acknowledged']).toBeGreaterThan(200);
    expect(done['transactions committed']).toBeGreaterThan(5);
    expect(done['records copied exactly once']).toBeGreaterThan(100);
  });

  it.each([
    [['--endpoint', 'http://127.0.0.1:1'], "can't reach http://127.0.0.1:1"],
    [['--endpoint', 'nowhere'], '--endpoint is a URL'],
    [['--minutes', 'soon'], '--minutes is a number'],
  ])('says what is wrong with %j, and fails', async (args, message) => {
    const { exitCode, output, report } = await runVerify(args);
    expect([exitCode, report]).toEqual([2, undefined]);
    expect(output).toContain(message);
  });
});

describe('a log that lies', () => {
  let home: LocalHome | undefined;

  afterEach(async () => {
    await home?.close();
  });

  it.each<readonly [Lie, readonly string[]]>([
    ['appends-twice', ['doubled']],
    ['forgets-commits', ['lost']],
    ['commits-less', ['commitsLost']],
  ])('and %s is found out', async (lie, kinds) => {
    home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
    const proxy = await startLyingProxy(home.url, lie);
    const args = [
      '--endpoint',
      proxy.url,
      '--minutes',
      '0.1',
      '--strike-every',
      '0',
      '--settle',
      '5',
    ];
    const { exitCode, report } = await runVerify(args);
    await proxy.stop();
    expect([exitCode, report?.verdict]).toEqual([1, 'broken']);
    expect(Object.keys(report?.examples ?? {})).toEqual(expect.arrayContaining([...kinds]));
  });
});
