// AWS's own linter over the templates: types, bounds and references that the CDK doesn't check.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPythonTool, runPythonTool } from '../support/deploy/python-tool.ts';
import { synthesise } from '../support/deploy/template.ts';

const CFN_LINT = {
  name: 'cfn-lint',
  version: '1.58.0',
  program: 'from cfnlint.runner import main; main()',
  file: join('cfnlint', 'core.py'),
};
const LINT_TIMEOUT_MS = 240_000;

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stratalog-lint-'));
  await installPythonTool(CFN_LINT);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ACLS = { acls: { superUsers: ['User:root'] } };

/** The CDK says what a function's role is and that the function waits for it; the second follows from the first. */
const SAID_TWICE = 'W3005';

async function lint(templates: readonly unknown[]): ReturnType<typeof runPythonTool> {
  const files = templates.map((template, index) => {
    const file = join(folder, `${index}.json`);
    writeFileSync(file, JSON.stringify(template));
    return file;
  });
  const args = ['--regions', 'us-east-1', '--ignore-checks', SAID_TWICE, '--', ...files];
  return await runPythonTool(CFN_LINT, args, LINT_TIMEOUT_MS);
}

describe('cfn-lint', () => {
  it(
    'finds nothing in the default, the stage dev, the REST API and access lists',
    async () => {
      const variants = [{}, { stage: 'dev' }, { api: 'rest' }, ACLS] as const;
      const templates = variants.map((props) => synthesise(props).template.toJSON());
      expect(await lint(templates)).toEqual({ code: 0, output: '' });
    },
    LINT_TIMEOUT_MS,
  );

  it(
    'would find a memory that Lambda does not have',
    async () => {
      const template = structuredClone(synthesise().template.toJSON());
      for (const resource of Object.values<{ Type: string; Properties: { MemorySize?: number } }>(
        template.Resources,
      )) {
        if (resource.Type === 'AWS::Lambda::Function') resource.Properties.MemorySize = 64;
      }
      const { code, output } = await lint([template]);
      expect(code).not.toBe(0);
      expect(output).toContain('64 is less than the minimum of 128');
    },
    LINT_TIMEOUT_MS,
  );
});
