// `stratalog doctor` as a person would run it against what is deployed: with AWS credentials, from outside and with a look
// at the stack.

import {
  GetFunctionConfigurationCommand,
  LambdaClient,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { createClients } from '../../lib/storage/aws/clients.ts';
import { inspectBucket, inspectTable } from '../../lib/storage/aws/inspect.ts';
import { runCli } from '../support/cli.ts';
import { apiAddress } from '../support/deploy/endpoint.ts';
import { createUser } from '../support/deploy/iam.ts';

const cloud = inject('cloud');
const httpStack = inject('httpStack');
const stack = httpStack ?? inject('restStack');
const stackName = httpStack === undefined ? 'Stratalog-test-rest' : 'Stratalog-test';
const lambda = new LambdaClient(cloud);

afterAll(() => lambda.destroy());

/** Node resolves no names below `localhost`, by which an emulator tells its APIs apart. */
const RESOLVE_LOCALHOST = `data:text/javascript,${encodeURIComponent(`
import dns from 'node:dns';
const { lookup } = dns;
dns.lookup = (host, ...rest) => lookup(host.endsWith('.localhost') ? '127.0.0.1' : host, ...rest);
`)}`;

const { base, host } = apiAddress(cloud, stack.url);
const endpoint = `http://${host}${new URL(base).pathname.replace(/\/$/, '')}`;

interface ToldCheck {
  readonly check: string;
  readonly result: string;
  readonly found: string;
  readonly advice?: string;
}

async function doctor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { code, out, err } = await runCli(['doctor', '-o', 'json', ...args], {
    env: {
      NODE_OPTIONS: `--import=${RESOLVE_LOCALHOST}`,
      AWS_ENDPOINT_URL: cloud.endpoint,
      AWS_ACCESS_KEY_ID: cloud.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: cloud.credentials.secretAccessKey,
      AWS_REGION: cloud.region,
      ...env,
    },
  });
  if (out === '') throw new Error(err);
  const { checks }: { checks: ToldCheck[] } = JSON.parse(out);
  const byName = Object.fromEntries(checks.map((check) => [check.check, check]));
  return { code, checks, byName };
}

const signing = ['--endpoint', endpoint, '--region', cloud.region];

describe('stratalog doctor, of a deployed log', () => {
  it('finds it well: every function its tables, and every table and the bucket there', async () => {
    const { code, checks } = await doctor([...signing, '--stack', stackName, '--write']);
    expect(checks.filter(({ result }) => result === 'failed')).toEqual([]);
    expect(code).toBe(0);
    // The emulator's CloudFormation leaves point-in-time recovery off, of which the doctor warns.
    const isWell = ({ check, result }: ToldCheck) =>
      result === 'ok' || (result === 'warning' && check.startsWith('table'));
    const well = checks.filter(isWell).map(({ check }) => check);
    expect(well).toEqual(
      expect.arrayContaining([
        'endpoint',
        'clock',
        'auth',
        'topics',
        'groups',
        'producers',
        'writing',
      ]),
    );
    expect(well).toEqual(
      expect.arrayContaining([
        'table topics',
        'table heads',
        'table index',
        'table groups',
        'bucket',
      ]),
    );
  });

  it('takes the endpoint from the stack', async () => {
    const { byName } = await doctor(['--stack', stackName]);
    // Whether anything answers there depends on the emulator.
    expect(byName.endpoint?.found).toContain(new URL(stack.url).host);
  });

  it('says that there is no such stack', async () => {
    const { code, byName } = await doctor([...signing, '--stack', 'Nowhere']);
    expect(code).toBe(1);
    expect(byName.stack).toMatchObject({ result: 'failed' });
    expect(byName.stack?.found).toMatch(/Nowhere.*does not exist/);
  });

  it.runIf(cloud.checksSignatures)(
    'says that a signature is refused, and why it may be',
    async () => {
      const { accessKeyId, secretAccessKey } = await createUser(cloud, `${stack.stageArn}/*`);
      const as = (secret: string) => ({
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secret,
      });
      const right = await doctor(signing, as(secretAccessKey));
      expect(right.byName.auth).toMatchObject({ result: 'ok' });
      const wrong = await doctor(signing, as('x'.repeat(40)));
      expect(wrong.code).toBe(1);
      expect(wrong.byName.endpoint).toMatchObject({ result: 'ok' });
      expect(wrong.byName.auth).toMatchObject({ result: 'failed' });
      expect(wrong.byName.auth?.advice).toMatch(/secret key|credentials/);
      const abroad = ['--endpoint', endpoint, '--region', 'eu-west-1'];
      const elsewhere = await doctor(abroad, as(secretAccessKey));
      expect(elsewhere.byName.auth).toMatchObject({ result: 'failed' });
      const unsigned = await doctor(['--endpoint', endpoint]);
      expect(unsigned.byName.auth?.advice).toContain('--region');
    },
  );

  it('finds the function that lacks its table', async () => {
    const FunctionName = stack.functions.groups;
    const { Environment } = await lambda.send(
      new GetFunctionConfigurationCommand({ FunctionName }),
    );
    const Variables = { ...Environment?.Variables };
    const update = (table: string) =>
      lambda.send(
        new UpdateFunctionConfigurationCommand({
          FunctionName,
          Environment: { Variables: { ...Variables, STRATALOG_TABLE_GROUPS: table } },
        }),
      );
    await update('gone');
    try {
      const { code, byName } = await doctor(signing);
      expect(code).toBe(1);
      expect(byName.topics).toMatchObject({ result: 'ok' });
      expect(byName.groups).toMatchObject({ result: 'failed' });
      expect(byName.groups?.found).toMatch(/no such table|refused/);
      expect(byName.groups?.advice).toContain('the stack is deployed whole');
    } finally {
      await update(Variables.STRATALOG_TABLE_GROUPS ?? '');
    }
  });
});

describe('looking at storage', () => {
  const clients = createClients(cloud);

  afterAll(() => {
    clients.dynamodb.destroy();
    clients.s3.destroy();
  });

  it('tells what is there from what is not', async () => {
    expect(await inspectTable(clients, stack.tables.heads)).toMatchObject({
      kind: 'seen',
      status: 'ACTIVE',
      isProtected: true,
    });
    expect(await inspectTable(clients, 'gone')).toMatchObject({ kind: 'missing' });
    expect(await inspectBucket(clients, stack.bucket)).toEqual({ kind: 'seen', isVersioned: true });
    expect(await inspectBucket(clients, 'no-such-bucket-here')).toMatchObject({ kind: 'missing' });
  });

  it.runIf(cloud.checksSignatures)('tells who may not look', async () => {
    const credentials = await createUser(cloud, `${stack.stageArn}/*`);
    const strangers = createClients({ ...cloud, credentials });
    expect(await inspectTable(strangers, stack.tables.heads)).toMatchObject({ kind: 'denied' });
    expect(await inspectBucket(strangers, stack.bucket)).toMatchObject({ kind: 'denied' });
  });
});
