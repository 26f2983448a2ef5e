// The HTTP API against requests that its own OpenAPI document allows and forbids, as schemathesis makes them up: no 5xx,
// and no status, media type or body that the document doesn't know.

import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ANONYMOUS } from '../../lib/access/principal.ts';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import { installPythonTool, runPythonTool } from '../support/deploy/python-tool.ts';
import { SEED } from '../support/seed.ts';

const SCHEMATHESIS = {
  name: 'schemathesis',
  version: '4.32.5',
  program: 'from schemathesis.cli import schemathesis; schemathesis()',
  file: join('schemathesis', 'schemas.py'),
};
/** Everything that is wrong once, then made up until the time is over. */
const SECONDS = 75;
const EXAMPLES_MAX = 30;
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
];
const TIMEOUT_MS = 280_000;

let home: LocalHome;

beforeAll(async () => {
  // With access lists, so that managing them is asked too: who isn't known may do everything.
  const rules = { superUsers: new Set([ANONYMOUS]), allowIfNoAcl: false };
  home = await startLocalHome({ port: 0, dataDirectory: ':memory:', access: { rules } });
  await installPythonTool(SCHEMATHESIS);
});

afterAll(() => home.close());

it(
  'answers what its document says, whatever it is asked',
  async () => {
    const seed = String(SEED);
    const { code, output } = await runPythonTool(
      SCHEMATHESIS,
      [
        ...['run', `${home.url}/openapi.json`, '--checks', CHECKS.join(',')],
        ...['--phases', 'coverage,fuzzing', '--max-examples', String(EXAMPLES_MAX)],
        ...['--max-time', String(SECONDS), '--workers', '2', '--seed', seed],
        ...['--suppress-health-check', 'all', '--warnings', 'off', '--no-color'],
      ],
      TIMEOUT_MS,
    );
    const summary = /\d+ generated.*/.exec(output)?.[0] ?? '';
    process.stdout.write(`seed ${seed}: ${summary}\n`);
    expect(code, output).toBe(0);
    expect(summary).toMatch(/[1-9]\d{2,} generated/);
  },
  TIMEOUT_MS,
);
