import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../support/simulation/sim.ts', import.meta.url));

describe('npm run sim', () => {
  it.each([
    [['--seed', 'abc'], '--seed is a whole number from 0 on, not "abc"'],
    [['--bug', 'none-such'], 'there is no planted bug "none-such"'],
    [['--sed', '7'], "Unknown option '--sed'"],
  ])('says what is wrong with %j, and how it is used', (args, message) => {
    const flags = ['--disable-warning=ExperimentalWarning'];
    const { status, stderr } = spawnSync(process.execPath, [...flags, PROGRAM, ...args], {
      encoding: 'utf8',
    });
    expect(stderr).toContain(message);
    expect(stderr).toContain('npm run sim -- [options]');
    expect(stderr).not.toContain('    at ');
    expect(status).toBe(2);
  });
});
