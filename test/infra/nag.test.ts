// cdk-nag's AWS Solutions, over every option. What is acknowledged carries a reason.

import { App, Stack } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { StratalogStack } from '../../infra/stratalog-stack.ts';
import { type StratalogStackProps, synthesise } from '../support/deploy/template.ts';

const REASON_CHARACTERS_MIN = 20;

function findings({ app, stack }: { app: App; stack: Stack }): string[] {
  const report = new AwsSolutionsChecks(app).validateScope(stack);
  return report.violations.map(
    (violation) => `${violation.ruleName}: ${JSON.stringify(violation.violatingResources)}`,
  );
}

describe('cdk-nag, AWS Solutions', () => {
  const options: readonly [string, Partial<StratalogStackProps>][] = [
    ['the default', {}],
    ['the stage dev', { stage: 'dev' }],
    ['a REST API', { api: 'rest' }],
    ['tokens', { auth: { kind: 'jwt', issuer: 'https://issuer.example', audiences: ['log'] } }],
    ['tracing', { tracing: true }],
    ['access lists', { acls: { superUsers: ['User:root'] } }],
  ];

  it.each(options)('finds nothing in %s', (_, props) => {
    expect(findings(synthesise(props))).toEqual([]);
  });

  it('finds nothing with a key of one’s own', () => {
    const app = new App();
    const keys = new Stack(app, 'Keys');
    const encryptionKey = new Key(keys, 'Key', { enableKeyRotation: true });
    const stack = new StratalogStack(app, 'Stratalog', { stage: 'prod', encryptionKey });
    expect(findings({ app, stack })).toEqual([]);
  });

  it('would find a bucket that takes requests without TLS', () => {
    const { app, stack } = synthesise();
    stack.log.bucket.node.tryRemoveChild('Policy');
    expect(findings({ app, stack })).toEqual([expect.stringContaining('AwsSolutions-S10')]);
  });

  it('is only silenced with a reason', () => {
    const { stack } = synthesise({ api: 'rest' });
    const entries = stack.node
      .findAll()
      .flatMap((construct) => construct.node.metadata)
      .filter(({ type }) => type === 'aws:cdk:acknowledged-rules');
    expect(entries.length).toBeGreaterThan(0);
    for (const { data } of entries) {
      for (const reason of Object.values(data as Record<string, string>)) {
        expect(reason.length).toBeGreaterThan(REASON_CHARACTERS_MIN);
      }
    }
  });
});
