// Access lists by the CLI and by the client's admin, against a local home that has them.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  isRetriable,
  ResourcePatternTypes,
  Stratalog,
  StratalogRequestError,
} from '../../lib/index.ts';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import { type CliResult, runCli } from '../support/cli.ts';
import { waitUntil } from '../support/client.ts';

const HEADER = 'x-user';

let home: LocalHome;

const clientOf = (name: string): Stratalog =>
  new Stratalog({
    endpoint: home.url,
    headers: { [HEADER]: name },
    retry: { initialRetryTime: 5 },
    logLevel: 0,
  });

beforeAll(async () => {
  const rules = { superUsers: new Set(['User:admin']), allowIfNoAcl: false };
  home = await startLocalHome({
    port: 0,
    dataDirectory: ':memory:',
    access: { rules, principalHeader: HEADER },
  });
  const topics = ['orders', 'orders-eu', 'secret'].map((topic) => ({ topic }));
  await clientOf('admin').admin().createTopics({ topics });
});
afterAll(() => home.close());

const cli = (args: string, who = 'admin'): Promise<CliResult> =>
  runCli([...args.split(' '), '--http-header', `${HEADER}=${who}`], { endpoint: home.url });

async function cliJson<Value>(args: string): Promise<Value> {
  const { code, out, err } = await cli(`${args} -o json`);
  expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as Value;
}

const brief = (entries: readonly Record<string, string>[]): string[] =>
  entries.map(
    ({ permission, principal, operation, resourceType, resourceName, patternType }) =>
      `${permission} ${principal} ${operation} ${resourceType} ${resourceName} ${patternType}`,
  );

describe('stratalog acls', () => {
  it('adds what a producer and what a consumer needs, shows and removes it', async () => {
    const produced = await cliJson<Record<string, string>[]>(
      'acls add --allow-principal User:shop --producer --topic orders --idempotent',
    );
    const written = ['WRITE', 'DESCRIBE', 'CREATE'].map(
      (operation) => `ALLOW User:shop ${operation} TOPIC orders LITERAL`,
    );
    const idempotent = 'ALLOW User:shop IDEMPOTENT_WRITE CLUSTER kafka-cluster LITERAL';
    expect(brief(produced)).toEqual([...written, idempotent]);
    await cliJson(
      'acls add --allow-principal User:billing --consumer --topic orders --group bill --resource-pattern-type prefixed',
    );
    await cliJson('acls add --deny-principal User:* --operation alter-configs --topic orders');
    const about = 'acls list --topic orders-eu --resource-pattern-type match';
    expect(brief(await cliJson(about))).toEqual([
      'ALLOW User:billing DESCRIBE TOPIC orders PREFIXED',
      'ALLOW User:billing READ TOPIC orders PREFIXED',
    ]);
    expect(brief(await cliJson('acls list --principal User:*'))).toEqual([
      'DENY User:* ALTER_CONFIGS TOPIC orders LITERAL',
    ]);
    const table = await cli('acls list --group bill');
    expect(table.out).toMatch(
      /RESOURCE +NAME +PATTERN +PRINCIPAL +PERMISSION +OPERATION\nGROUP +bill +PREFIXED/,
    );
    await cliJson('acls remove --allow-principal User:shop --operation Create --topic orders');
    expect(await cliJson<object[]>('acls list --principal User:shop')).toHaveLength(3);
    expect(await cliJson<object[]>('acls remove --all --topic orders')).toHaveLength(3);
    const nothing = await cli('acls remove --all --topic orders');
    expect([nothing.code, nothing.err]).toEqual([0, 'there was none of these\n']);
  });

  it('refuses who may not, and what makes no sense', async () => {
    const denied = await cli('acls list', 'shop');
    expect([denied.code, denied.err]).toEqual([
      1,
      'stratalog: User:shop may not DESCRIBE cluster "kafka-cluster": an access list has to allow it (CLUSTER_AUTHORIZATION_FAILED)\n',
    ]);
    for (const [args, reason] of [
      ['acls add --allow-principal User:a --topic orders --operation Fly', 'takes ALL, READ'],
      ['acls add --allow-principal User:a --group g --producer', 'needs nothing of GROUP'],
      ['acls remove --all --topic orders --allow-principal User:a', '--all removes every'],
    ] as const) {
      const { code, err } = await cli(args);
      expect([args, code, err.includes(reason)]).toEqual([args, 2, true]);
    }
  });
});

describe('the client’s admin', () => {
  const entry = {
    resourceType: AclResourceTypes.TOPIC,
    resourceName: 'orders',
    resourcePatternType: ResourcePatternTypes.PREFIXED,
    principal: 'User:carol',
    host: '*',
    operation: AclOperationTypes.WRITE,
    permissionType: AclPermissionTypes.ALLOW,
  };
  const ofCarol = {
    resourceType: AclResourceTypes.ANY,
    resourcePatternType: ResourcePatternTypes.ANY,
    principal: 'User:carol',
    operation: AclOperationTypes.ANY,
    permissionType: AclPermissionTypes.ANY,
  };

  it('creates, describes and deletes by kafkajs’s names and numbers', async () => {
    const admin = clientOf('admin').admin();
    const read = { ...entry, operation: AclOperationTypes.READ };
    expect(await admin.createAcls({ acl: [entry, read] })).toBe(true);
    const { principal, host, permissionType, operation, ...resource } = entry;
    const acls = [
      { principal, host, permissionType, operation: AclOperationTypes.READ },
      { principal, host, permissionType, operation },
    ];
    expect(await admin.describeAcls(ofCarol)).toEqual({ resources: [{ ...resource, acls }] });
    const filters = [{ ...ofCarol, operation: AclOperationTypes.READ }, ofCarol];
    expect(await admin.deleteAcls({ filters })).toEqual({
      filterResponses: [
        { errorCode: 0, matchingAcls: [{ errorCode: 0, ...read }] },
        { errorCode: 0, matchingAcls: [{ errorCode: 0, ...entry }] },
      ],
    });
    expect(await admin.describeAcls(ofCarol)).toEqual({ resources: [] });
  });

  it('refuses numbers that mean nothing before it asks', async () => {
    const admin = clientOf('admin').admin();
    const wrong = { ...entry, operation: AclOperationTypes.UNKNOWN };
    await expect(admin.createAcls({ acl: [wrong] })).rejects.toThrow('there is no operation 0');
    await expect(admin.createAcls({ acl: [] })).rejects.toThrow('no entry');
    await expect(admin.describeAcls({ ...ofCarol, resourceType: 9 })).rejects.toThrow(
      'no resource type 9',
    );
  });
});

const give = (
  name: string,
  type: 'TOPIC' | 'GROUP',
  resourceName: string,
  operation: 'READ' | 'WRITE',
) => ({
  resourceType: AclResourceTypes[type],
  resourceName,
  resourcePatternType: ResourcePatternTypes.LITERAL,
  principal: `User:${name}`,
  host: '*',
  operation: AclOperationTypes[operation],
  permissionType: AclPermissionTypes.ALLOW,
});

describe('programs of a log that has access lists', () => {
  it('hear of a refusal at once, and not again and again', async () => {
    const client = clientOf('dave');
    const producer = client.producer();
    await producer.connect();
    const sent = producer.send({ topic: 'secret', messages: [{ value: 'x' }] });
    const failure: unknown = await sent.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StratalogRequestError);
    expect([isRetriable(failure), (failure as StratalogRequestError).status]).toEqual([false, 403]);
    await producer.disconnect();

    const consumer = client.consumer({ groupId: 'daves' });
    await consumer.connect();
    await consumer.subscribe({ topic: 'secret' });
    const running = consumer.run({ eachMessage: async () => undefined });
    await expect(running).rejects.toMatchObject({ type: 'GROUP_AUTHORIZATION_FAILED' });
    await consumer.disconnect();
    await client.close();
  });

  it('send and read what they may', async () => {
    const acl = [
      give('eve', 'TOPIC', 'orders', 'WRITE'),
      give('eve', 'TOPIC', 'orders', 'READ'),
      give('eve', 'GROUP', 'eves', 'READ'),
    ];
    const admin = clientOf('admin').admin();
    await admin.createAcls({ acl });
    const client = clientOf('eve');
    const producer = client.producer();
    await producer.connect();
    await producer.send({ topic: 'orders', messages: [{ value: 'one' }, { value: 'two' }] });
    await producer.disconnect();
    const values: string[] = [];
    const consumer = client.consumer({ groupId: 'eves' });
    const crashes: { error: Error; restart: boolean }[] = [];
    consumer.on(consumer.events.CRASH, ({ payload }) => crashes.push(payload));
    await consumer.connect();
    await consumer.subscribe({ topics: [/.*/], fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => {
        values.push(String(message.value));
      },
    });
    await waitUntil(() => values.length === 2);
    expect(values.toSorted()).toEqual(['one', 'two']);
    const read = give('eve', 'TOPIC', 'orders', 'READ');
    await admin.deleteAcls({ filters: [read] });
    await waitUntil(() => crashes.length > 0);
    expect(crashes).toMatchObject([
      { error: { type: 'TOPIC_AUTHORIZATION_FAILED' }, restart: false },
    ]);
    await consumer.disconnect();
    await client.close();
  });
});
