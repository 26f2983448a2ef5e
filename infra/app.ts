// The CDK app. Options come as context: `npx cdk deploy -c stage=dev -c api=rest`, or
// `-c jwtIssuer=https://… -c jwtAudiences=a,b` instead of SigV4; `-c 'aclSuperUsers=User:…;User:…'` turns access lists on.

import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { appOptions } from './app-options.ts';
import { StratalogStack } from './stratalog-stack.ts';

const app = new App();
const options = appOptions(app.node.getAllContext());
const { stage } = options;
new StratalogStack(app, `Stratalog-${stage}`, {
  ...options,
  description: `Stratalog (${stage}): an event log on S3, DynamoDB and Lambda`,
});
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
