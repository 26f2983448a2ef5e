// The CDK app. Options come as context: `npx cdk deploy -c stage=dev -c api=rest`, or
// `-c jwtIssuer=https://… -c jwtAudiences=a,b` instead of SigV4; `-c 'aclSuperUsers=User:…;User:…'` turns access lists on.

import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { Auth } from './constructs/api.ts';
import type { AclOptions } from './constructs/stratalog-function.ts';
import { StratalogStack } from './stratalog-stack.ts';

const app = new App();
const stage = option('stage') ?? 'prod';
const api = option('api') ?? 'http';
if (api !== 'http' && api !== 'rest') {
  throw new Error(`the option api is "${api}", and must be "http" or "rest"`);
}
new StratalogStack(app, `Stratalog-${stage}`, {
  stage,
  api,
  auth: authOption(),
  ...aclsOption(),
  description: `Stratalog (${stage}): an event log on S3, DynamoDB and Lambda`,
});
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));

function authOption(): Auth {
  const issuer = option('jwtIssuer');
  if (issuer === undefined) return { kind: 'iam' };
  const audiences = option('jwtAudiences')?.split(',') ?? [];
  if (audiences.length === 0) throw new Error('jwtIssuer needs jwtAudiences: -c jwtAudiences=a,b');
  const principalClaim = option('jwtPrincipalClaim');
  const claim = principalClaim === undefined ? {} : { principalClaim };
  return { kind: 'jwt', issuer, audiences, ...claim };
}

function aclsOption(): { readonly acls?: AclOptions } {
  const superUsers = option('aclSuperUsers')?.split(';');
  if (superUsers === undefined) return {};
  const allowEveryoneIfNoAclFound = option('aclAllowEveryoneIfNoAclFound') === 'true';
  return { acls: { superUsers, allowEveryoneIfNoAclFound } };
}

function option(name: string): string | undefined {
  const value: unknown = app.node.tryGetContext(name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
