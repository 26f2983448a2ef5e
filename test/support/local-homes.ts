// The two places of a local storage, for contracts that both must keep; what a test opens there is closed after it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';

export interface LocalHomes {
  readonly homes: readonly { readonly home: string; readonly directory: () => string }[];
  /** Runs after the test, what was opened last first. */
  closeLater(close: () => Promise<unknown>): void;
}

/** To be called once in a file, outside its tests. */
export function localHomes(): LocalHomes {
  let closing: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    for (const close of closing.reverse()) await close();
    closing = [];
  });

  const onDisk = (): string => {
    const directory = mkdtempSync(join(tmpdir(), 'stratalog-'));
    closing.push(async () => rmSync(directory, { recursive: true }));
    return directory;
  };
  return {
    homes: [
      { home: 'in memory', directory: () => ':memory:' },
      { home: 'on disk', directory: onDisk },
    ],
    closeLater: (close) => void closing.push(close),
  };
}
