// `npm run demo` as a process.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { startLocalHome } from '../../lib/local/home.ts';

const DEMO = fileURLToPath(new URL('../../examples/flights.ts', import.meta.url));

function runDemo(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(process.execPath, [DEMO, ...args], {
    env: { ...process.env, NODE_OPTIONS: '--disable-warning=ExperimentalWarning' },
  });
}

describe('npm run demo', () => {
  it('streams the flights through its own home, reads them back and proves that none is lost or doubled', async () => {
    const { stdout, stderr } = await runDemo();
    expect(stderr).toBe('');
    expect(stdout).toContain('sending 100 %');
    expect(stdout).toContain('reading 100 %');
    expect(stdout).toMatch(/sent 20000 records in .* HTTP requests/);
    expect(stdout).toContain('all 20000 records are there exactly once, in order');
    expect(stdout).not.toContain('\r');
  });

  it('takes a log that runs already', async () => {
    const home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
    const { stdout } = await runDemo('--endpoint', home.url);
    await home.close();
    expect(stdout).toContain(`at ${home.url}`);
    expect(stdout).toContain('exactly once');
  });
});
