// stratalog doctor: what is wrong, and what to do about it. From outside by default, over the API alone; with --stack it
// looks at the tables and the bucket themselves, too.

import {
  type Command,
  type CommandContext,
  CommandFailed,
  textValue,
  UsageError,
  type Values,
} from '../command.ts';
import { type Connection, connectionOf, settingOf, transportOf } from '../connection.ts';
import { type Check, failed, skipped } from '../doctor/check.ts';
import { checkAuth, checkClock, checkEndpoint } from '../doctor/door.ts';
import { checkPaths, checkWriting } from '../doctor/paths.ts';
import { type Probe, probing } from '../doctor/probe.ts';
import { checkBucket, checkTable } from '../doctor/stack.ts';
import type { Output } from '../output.ts';

const TABLES = ['topics', 'heads', 'index', 'groups', 'producers', 'acls'] as const;
const BEHIND_THE_DOOR = ['topics', 'reading', 'groups', 'producers'];

interface Patient {
  readonly connection: Connection;
  /** Of `--stack`: what was found there. */
  readonly stackChecks: readonly Check[];
}

async function doctor({ values, output }: CommandContext): Promise<void> {
  const { connection, stackChecks } = await patientOf(values);
  const transport = transportOf(connection);
  try {
    const probe = probing(transport, 'stratalog-doctor');
    const checks = [...(await checkDoor(probe, connection, values.write === true)), ...stackChecks];
    await show(checks, output);
    const count = checks.filter(({ result }) => result === 'failed').length;
    if (count > 0) throw new CommandFailed(`${count} of ${checks.length} checks failed`);
  } finally {
    await transport.close();
  }
}

async function checkDoor(
  probe: Probe,
  connection: Connection,
  writes: boolean,
): Promise<readonly Check[]> {
  // By its long path, since what stands before a log may have a /health of its own.
  const health = await probe('GET', '/v3/clusters/-/health');
  const endpoint = checkEndpoint(health, connection);
  const none = (reason: string, ...names: readonly string[]): readonly Check[] =>
    names.map((name) => skipped(name, reason));
  if (health.kind === 'unanswered') {
    return [endpoint, ...none('nothing answers', 'clock', 'auth', ...BEHIND_THE_DOOR)];
  }
  const clock = checkClock(health, connection);
  if (endpoint.result === 'failed') {
    return [endpoint, clock, ...none('no log answers', 'auth', ...BEHIND_THE_DOOR)];
  }
  const topics = await probe('GET', '/topics');
  const answers = [health, ...(topics.kind === 'answered' ? [topics] : [])];
  const auth = checkAuth(answers, connection, Date.now());
  if (auth.result === 'failed') {
    return [endpoint, clock, auth, ...none('not let in', ...BEHIND_THE_DOOR)];
  }
  const written = writes ? [await checkWriting(probe)] : [];
  return [endpoint, clock, auth, ...(await checkPaths(probe)), ...written];
}

/** With `--stack`, the endpoint is the stack's own unless another one is given. */
async function patientOf(values: Values): Promise<Patient> {
  const stack = textValue(values, 'stack');
  if (stack === undefined)
    return { connection: connectionOf(values, process.env), stackChecks: [] };
  const region =
    textValue(values, 'region') ??
    settingOf(process.env, 'STRATALOG_REGION', 'AWS_REGION', 'AWS_DEFAULT_REGION');
  if (region === undefined) throw new UsageError('--stack needs --region, or AWS_REGION');
  const { stackOutputs, awsInspector } = await import('../aws.ts');
  let outputs: ReadonlyMap<string, string>;
  try {
    outputs = await stackOutputs(stack, region);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const advice = 'check its name (npx cdk list), the region, and AWS credentials';
    return {
      connection: connectionOf({ ...values, region }, process.env),
      stackChecks: [failed('stack', `${stack} in ${region}: ${message}`, advice)],
    };
  }
  const endpoint = textValue(values, 'endpoint') ?? outputs.get('Url');
  const inspector = awsInspector(region);
  try {
    return {
      connection: connectionOf(
        { ...values, region, ...(endpoint === undefined ? {} : { endpoint }) },
        process.env,
      ),
      stackChecks: await checkStack(outputs, inspector),
    };
  } finally {
    inspector.close();
  }
}

type Inspector = ReturnType<Awaited<typeof import('../aws.ts')>['awsInspector']>;

async function checkStack(
  outputs: ReadonlyMap<string, string>,
  inspector: Inspector,
): Promise<readonly Check[]> {
  const named = async (
    check: string,
    output: string,
    look: (name: string) => Promise<Check>,
  ): Promise<Check> => {
    const name = outputs.get(output);
    if (name !== undefined) return look(name);
    return failed(
      check,
      `the stack has no output ${output}`,
      'deploy it again; a stack of your own has it when it makes a CfnOutput of that name',
    );
  };
  const tables = TABLES.map((table) => {
    const check = `table ${table}`;
    const output = `${table.charAt(0).toUpperCase()}${table.slice(1)}TableName`;
    return named(check, output, async (name) =>
      checkTable(check, name, await inspector.table(name)),
    );
  });
  const bucket = named('bucket', 'BucketName', async (name) =>
    checkBucket('bucket', name, await inspector.bucket(name)),
  );
  return Promise.all([...tables, bucket]);
}

async function show(checks: readonly Check[], output: Output): Promise<void> {
  if (output.format === 'json') return output.json({ checks });
  const width = Math.max(...checks.map(({ check }) => check.length));
  for (const { check, result, found, advice } of checks) {
    await output.line(`${result.padEnd('skipped'.length)}  ${check.padEnd(width)}  ${found}`);
    if (advice !== undefined) await output.line(`${' '.repeat(width + 11)}→ ${advice}`);
  }
}

export const DOCTOR_COMMANDS: readonly Command[] = [
  {
    name: 'doctor',
    usage: '',
    summary: 'check endpoint, clock, auth, tables and bucket, and say what to do',
    positionals: { min: 0, max: 0 },
    options: {
      stack: {
        type: 'string',
        placeholder: 'name',
        help: 'of CloudFormation: takes its endpoint, and looks at its tables and bucket, with AWS credentials',
      },
      write: {
        type: 'boolean',
        help: 'also write a record to a topic of its own, and read it back',
      },
    },
    examples: [
      'stratalog doctor',
      'stratalog doctor --stack Stratalog-prod --region eu-west-1 --write',
      'stratalog doctor --endpoint https://abc.execute-api.eu-west-1.amazonaws.com -o json',
    ],
    run: doctor,
  },
];
