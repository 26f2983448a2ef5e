// The package in somebody else's project: types, the client on the Node versions that it is for, and the construct in
// an app of theirs, deployed.

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import { asking } from '../support/deploy/ask.ts';
import { cliEnvironment } from '../support/deploy/deployment.ts';
import { signedEndpoint } from '../support/deploy/endpoint.ts';
import { type PackageProject, packageProject } from '../support/deploy/package-project.ts';

const PACK_AND_INSTALL_TIMEOUT_MS = 600_000;
const NODE_VERSIONS = ['22', '24'];
const nodePackage = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;

const GETTING_STARTED = `
import { Stratalog } from 'stratalog';

const log = new Stratalog({ endpoint: process.env.STRATALOG_ENDPOINT ?? '', clientId: 'first' });
const topic = 'greetings-' + process.version;
await log.admin().createTopics({ topics: [{ topic, numPartitions: 3 }] });
const producer = log.producer();
await producer.connect();
await producer.send({ topic, messages: [{ key: 'en', value: 'hello' }, { key: 'fr', value: 'salut' }] });
await producer.disconnect();
const consumer = log.consumer({ groupId: 'readers-' + process.version });
await consumer.subscribe({ topics: [topic], fromBeginning: true });
const read: string[] = [];
await new Promise<void>((resolve, reject) => {
  consumer.run({
    eachMessage: async ({ message }) => {
      read.push(String(message.value));
      if (read.length === 2) resolve();
    },
  }).catch(reject);
});
await consumer.disconnect();
console.log(read.sort().join(' '));
`;
const APP = `
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { AccountRootPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { Stratalog, Topic } from 'stratalog/infra';

const stack = new Stack(new App(), 'Shop');
const log = new Stratalog(stack, 'Log', { stage: 'test', api: process.env.SHOP_API === 'rest' ? 'rest' : 'http' });
const orders = new Topic(stack, 'Orders', { partitions: 6, configs: { 'retention.ms': '60000' } });
const role = new Role(stack, 'Billing', { assumedBy: new AccountRootPrincipal() });
log.grantProduce(role, orders.topicName);
log.grantConsume(role, orders.topicName, 'billing');
new CfnOutput(stack, 'Url', { value: log.url });
`;
const COMPILER_OPTIONS = {
  target: 'ES2023',
  module: 'NodeNext',
  strict: true,
  types: ['node'],
  skipLibCheck: false,
};

const cloud = inject('cloud');
let project: PackageProject;
let home: LocalHome;

beforeAll(async () => {
  home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
  project = await packageProject([
    ...NODE_VERSIONS.map((version) => `node${version}@npm:${nodePackage}@${version}`),
    ...['aws-cdk-lib@2.276.0', 'constructs@10.8.1', 'aws-cdk@2.1148.1'],
    ...['typescript@6.0.3', '@types/node@24.19.2'],
  ]);
  project.write('getting-started.ts', GETTING_STARTED);
  project.write('app.ts', APP);
  const options = { compilerOptions: COMPILER_OPTIONS, files: ['getting-started.ts', 'app.ts'] };
  project.write('tsconfig.json', JSON.stringify(options));
}, PACK_AND_INSTALL_TIMEOUT_MS);

afterAll(async () => {
  project?.remove();
  await home?.close();
});

describe('the package, installed', () => {
  it('has types, and compiles', async () => {
    await project.run(join('node_modules', '.bin', 'tsc'), []);
  });

  it.each(NODE_VERSIONS)('produces and consumes on Node %s', async (version) => {
    const node = join('node_modules', `node${version}`, 'bin', 'node');
    const env = { STRATALOG_ENDPOINT: home.url };
    expect(await project.run(node, ['getting-started.js'], env)).toBe('hello salut\n');
  });

  it('has a command line', async () => {
    const stratalog = join('node_modules', '.bin', 'stratalog');
    const help = await project.run(stratalog, ['--help']);
    expect(help).toContain('stratalog');
    const env = { ...cliEnvironment(cloud), STRATALOG_ENDPOINT: home.url };
    const told = await project.run(stratalog, ['doctor', '--region', 'us-east-1'], env);
    expect(told).toMatch(/^ok +auth +the signature is accepted/m);
  });

  it('is deployed as a construct of another app, with a topic', async () => {
    await project.run(
      join('node_modules', '.bin', 'cdk'),
      [
        ...['deploy', '--app', 'node app.js', '--require-approval', 'never', '--no-rollback'],
        ...['--outputs-file', 'outputs.json', '--ci'],
      ],
      { ...cliEnvironment(cloud), SHOP_API: cloud.hasHttpApi ? 'http' : 'rest' },
    );
    const outputs = JSON.parse(project.read('outputs.json'));
    const ask = asking(() => signedEndpoint(cloud, outputs.Shop.Url));
    expect((await ask('GET', '/topics/Orders')).json).toMatchObject({ partitions_count: 6 });
    const configs = await ask('GET', '/topics/Orders/configs');
    expect(configs.json.data).toContainEqual(
      expect.objectContaining({ name: 'retention.ms', value: '60000' }),
    );
  });
});
