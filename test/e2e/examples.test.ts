// Every example as a process against one local home, twice what a reader would do.

import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import { childEnvironment } from '../support/child-environment.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));

let home: LocalHome;
beforeAll(async () => {
  home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
});
afterAll(() => home.close());

async function run(name: string): Promise<string[]> {
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [`${EXAMPLES}${name}.ts`],
    {
      env: childEnvironment({
        STRATALOG_ENDPOINT: home.url,
        NODE_OPTIONS: '--disable-warning=ExperimentalWarning',
      }),
    },
  );
  const said = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('[stratalog]'));
  expect(said).toEqual([]);
  return stdout.trimEnd().split('\n');
}

/** What each says, without what is new every time. */
const EXPECTED: Readonly<Record<string, (lines: string[]) => void>> = {
  'getting-started': (lines) => {
    expect(lines.at(-1)).toBe('read 3 records');
    expect(lines.join('\n')).toMatch(/\d\/\d+ fr says bonjour/);
  },
  'idempotent-consumer': (lines) => {
    expect(lines).toEqual([
      '20 deliveries of 10 payments',
      'account-0: 500 cents',
      'account-1: 500 cents',
    ]);
  },
  'bank-transfers': (lines) => {
    expect(lines[0]).toMatch(
      /^[1-9]\d* transfers were made, while 5 clerks were killed at their work$/,
    );
    expect(lines[1]).toMatch(/^in all accounts together, at each of [1-9]\d* looks: 600$/);
  },
  'event-sourcing': (lines) => {
    expect(lines).toEqual(['after 2 hours: Alice 100, Bob 0', 'after 5 hours: Alice 60, Bob 20']);
  },
  'fan-out': (lines) => {
    expect(lines.map((line) => line.split(',')[0])).toEqual([
      'mail: 20',
      'invoice: 20',
      'analytics: 20',
    ]);
  },
  'dead-letters': (lines) => {
    const text = lines.join('\n');
    expect(lines[0]).toBe('welcomed ann@example.com and zoe@example.com');
    expect(text).toContain('"not an address" has no @');
    expect(text).toContain('1 sent back, 0 left');
    expect(lines.at(-1)).toBe('then also not an address');
  },
  'change-data': (lines) => {
    expect(lines).toEqual([
      '1 Ada, Paris',
      '3 Edsger, Austin',
      '6 changes, the copy is the source',
    ]);
  },
  'order-states': (lines) => {
    expect(lines).toEqual([
      'order-1 delivered',
      'order-2 cancelled',
      'order-3 cancelled',
      'order-4 placed',
      'refused order-4: OrderShipped while placed',
    ]);
  },
  'live-locations': (lines) => {
    expect(lines).toEqual([
      '12 couriers on the map, 0 reports out of order',
      'courier-3 is at -1.2490, 36.8210',
    ]);
  },
  'log-aggregation': (lines) => {
    expect(lines[0]).toMatch(/^3000 lines in \d{1,2} requests$/);
    expect(lines.slice(1)).toEqual([
      'checkout: 200 errors',
      'mail: 200 errors',
      'search: 200 errors',
    ]);
  },
};

describe('examples', () => {
  it.each(Object.entries(EXPECTED))('%s does what it says', async (name, check) => {
    check(await run(name));
  });

  it('all of them are run here, or elsewhere as the demos', async () => {
    const files = await readdir(EXAMPLES);
    const names = files.filter((file) => file.endsWith('.ts')).map((file) => file.slice(0, -3));
    const elsewhere = ['flights', 'groups-live'];
    expect(names.filter((name) => !elsewhere.includes(name)).sort()).toEqual(
      Object.keys(EXPECTED).sort(),
    );
  });
});
