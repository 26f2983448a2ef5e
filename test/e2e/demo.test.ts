// `npm run demo` and `npm run demo:groups` as processes.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { startLocalHome } from '../../lib/local/home.ts';
import { childEnvironment } from '../support/child-environment.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));

function runDemo(name: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(process.execPath, [`${EXAMPLES}${name}.ts`, ...args], {
    env: childEnvironment({ NODE_OPTIONS: '--disable-warning=ExperimentalWarning' }),
  });
}

describe('npm run demo', () => {
  it('streams the flights through its own home, reads them back and proves that none is lost or doubled', async () => {
    const { stdout, stderr } = await runDemo('flights');
    expect(stderr).toBe('');
    expect(stdout).toContain('sending 100 %');
    expect(stdout).toContain('reading 100 %');
    expect(stdout).toMatch(/sent 20000 records in .* HTTP requests/);
    expect(stdout).toContain('all 20000 records are there exactly once, in order');
    expect(stdout).not.toContain('\r');
  });

  it('takes a log that runs already', async () => {
    const home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
    const { stdout } = await runDemo('flights', '--endpoint', home.url);
    await home.close();
    expect(stdout).toContain(`at ${home.url}`);
    expect(stdout).toContain('exactly once');
  });
});

describe('npm run demo:groups', () => {
  it('shows how members share partitions, and loses nothing while they do', async () => {
    const { stdout, stderr } = await runDemo('groups-live');
    expect(stderr).toBe('');
    const [, joining = '', idle = '', scaling = '', growing = ''] = stdout.split(/\n\d\. /);
    expect(joining).toContain('C1 P0   C2 P1   C3 P2\n');
    expect(joining).toContain('C1 P0,P1   C2 dead   C3 P2\n');
    expect(idle).toMatch(/C4 idle {3}C5 idle/);
    expect(scaling).toContain('C1 P0,P1   C2 P2   C3 gone   C4 gone   C5 gone\n');
    expect(growing).toContain('C1 P0   C2 P1   C3 P2   C4 P3   C5 P4   C6 P5\n');
    for (const [, sent, read] of stdout.matchAll(/(\d+) records sent, (\d+) read/g)) {
      expect(read).toBe(sent);
    }
  });
});
