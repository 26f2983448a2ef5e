// The stack that `npx cdk deploy` puts into an account: one log, and what a person needs to know of it.

import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Stratalog } from './stratalog.ts';
import type { StratalogProps } from './stratalog-props.ts';

export class StratalogStack extends Stack {
  readonly log: Stratalog;

  constructor(scope: Construct, id: string, props: StackProps & StratalogProps) {
    super(scope, id, props);
    this.log = new Stratalog(this, 'Log', props);
    this.#output('Url', this.log.url, 'Endpoint of the HTTP API');
    this.#output(
      'StageArn',
      this.log.api.stageArn,
      'For policies: …/METHOD/path of execute-api:Invoke',
    );
    this.#output('BucketName', this.log.bucket.bucketName, 'Bucket of records');
    this.#output(
      'FunctionNames',
      this.toJsonString(this.log.functionNames),
      'By verb, as JSON: for clients that invoke them without the API',
    );
    this.#output('JobNames', this.toJsonString(this.log.jobNames), 'Functions of jobs, as JSON');
    for (const [name, table] of Object.entries(this.log.storage.tables)) {
      const id = `${name.charAt(0).toUpperCase()}${name.slice(1)}TableName`;
      this.#output(id, table.tableName, `Table of ${name}`);
    }
  }

  #output(id: string, value: string, description: string): void {
    new CfnOutput(this, id, { value, description });
  }
}
