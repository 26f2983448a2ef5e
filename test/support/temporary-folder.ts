// One temporary folder for a whole run of tests, which goes with it: the CDK makes one for every app and removes none.
// What this project makes (`stratalog-…`) is removed by whoever made it, so what is left of that fails the run.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function setup(): () => void {
  const before = process.env.TMPDIR;
  const folder = mkdtempSync(join(tmpdir(), 'stratalog-tests-'));
  // Workers, and what they start, have it from here.
  process.env.TMPDIR = folder;
  return () => {
    const left = readdirSync(folder).filter((name) => name.startsWith('stratalog-'));
    // Who was killed may still be writing for a moment.
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    if (left.length > 0) throw new Error(`tests left temporary folders behind: ${left.join(', ')}`);
  };
}
