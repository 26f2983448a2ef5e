// A stack deployed for real by the CDK's own CLI.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { FunctionVerb } from '../../../lib/client/transports/lambda.ts';
import type { TableNames } from '../../../lib/storage/aws/aws-storage.ts';
import type { CloudFacts } from './cloud.ts';
import { ACCOUNT } from './iam.ts';
import { allowPlainHttp, letPublishAssets } from './ministack-gaps.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const CDK = join(ROOT, 'node_modules', '.bin', 'cdk');
/** Bootstrap and deployment take some ten seconds; an emulator that can't make a resource may wait for ever. */
const CDK_TIMEOUT_MS = 280_000;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

export interface StackOptions {
  /** Any but `dev`, whose bucket is emptied by a function that needs the SDK of Lambda's own image. */
  readonly stage: string;
  readonly api: 'http' | 'rest';
  /** More of the app's options. */
  readonly context?: Readonly<Record<string, string>>;
}

export interface StackOutputs {
  readonly url: string;
  /** Of `execute-api`; `/METHOD/path` follows. */
  readonly stageArn: string;
  readonly bucket: string;
  readonly tables: TableNames;
  readonly functions: Readonly<Record<FunctionVerb, string>>;
  readonly jobs: Readonly<Record<string, string>>;
}

/** Bootstraps the cloud, which is done again at no harm. */
export async function bootstrap(cloud: CloudFacts): Promise<void> {
  await cdk(cloud, ['bootstrap', `aws://${ACCOUNT}/${cloud.region}`]);
  if (cloud.name === 'ministack') await letPublishAssets(cloud);
}

/** Fails with what the CLI printed. */
export async function deploy(cloud: CloudFacts, options: StackOptions): Promise<StackOutputs> {
  const folder = mkdtempSync(join(tmpdir(), 'stratalog-deploy-'));
  try {
    const outputsFile = join(folder, 'outputs.json');
    await cdk(cloud, [
      'deploy',
      ...contextArgs(options),
      ...['--require-approval', 'never', '--no-rollback'],
      ...['--output', join(folder, 'cdk.out'), '--outputs-file', outputsFile],
    ]);
    const outputs = readOutputs(outputsFile, `Stratalog-${options.stage}`);
    if (cloud.name === 'ministack') await allowPlainHttp(cloud, outputs.bucket);
    return outputs;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function contextArgs({ stage, api, context = {} }: StackOptions): string[] {
  const options = Object.entries({ stage, api, ...context });
  return options.flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

function readOutputs(file: string, stack: string): StackOutputs {
  const outputs = JSON.parse(readFileSync(file, 'utf8'))[stack];
  const output = (name: string): string => {
    const value: unknown = outputs[name];
    if (typeof value !== 'string') throw new Error(`the stack ${stack} has no output ${name}`);
    return value;
  };
  return {
    url: output('Url'),
    stageArn: output('StageArn'),
    bucket: output('BucketName'),
    tables: {
      topics: output('TopicsTableName'),
      heads: output('HeadsTableName'),
      index: output('IndexTableName'),
      groups: output('GroupsTableName'),
      producers: output('ProducersTableName'),
      acls: output('AclsTableName'),
    },
    functions: JSON.parse(output('FunctionNames')),
    jobs: JSON.parse(output('JobNames')),
  };
}

async function cdk(cloud: CloudFacts, args: readonly string[]): Promise<void> {
  try {
    await run(CDK, [...args, '--ci'], {
      cwd: ROOT,
      env: { ...process.env, ...cliEnvironment(cloud) },
      timeout: CDK_TIMEOUT_MS,
      maxBuffer: OUTPUT_BYTES_MAX,
    });
  } catch (error) {
    throw new Error(`cdk ${args[0]} failed`, { cause: error });
  }
}

/** What the CDK's CLI needs to find the cloud. */
export function cliEnvironment({
  endpoint,
  region,
  credentials,
}: CloudFacts): Record<string, string> {
  return {
    // The pinned Node runs the CLI and the app.
    PATH: `${dirname(CDK)}${delimiter}${process.env.PATH ?? ''}`,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    CDK_DISABLE_CLI_TELEMETRY: '1',
  };
}
