// The construct as others use it: in a stack of theirs, with topics and grants.

import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { type IVpc, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { describe, expect, it } from 'vitest';
import { Stratalog, Topic } from '../../infra/index.ts';

function ownStack() {
  const stack = new Stack(new App(), 'Shop');
  const log = new Stratalog(stack, 'Log', { stage: 'prod' });
  const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  return { stack, log, role };
}

/** What the role may call: `METHOD /path`. */
function callsOf(stack: Stack): string[] {
  const policies = Template.fromStack(stack).findResources('AWS::IAM::Policy');
  const [policy] = Object.values(policies).filter(({ Properties }) =>
    JSON.stringify(Properties.Roles).includes('"Role1ABCC5F0"'),
  );
  const [statement] = policy?.Properties.PolicyDocument.Statement ?? [];
  expect(statement.Action).toBe('execute-api:Invoke');
  const resources: { 'Fn::Join': [string, unknown[]] }[] = [statement.Resource].flat();
  return resources.map((resource) => {
    const end = String(resource['Fn::Join'][1].at(-1));
    return end.replace('/$default/', '').replace('/', ' /');
  });
}

describe('a grant', () => {
  it('to produce to a topic opens the paths of this topic, and no other', () => {
    const { stack, log, role } = ownStack();
    log.grantProduce(role, 'orders');
    expect(callsOf(stack)).toEqual([
      'POST /topics/orders/records',
      'POST /topics/orders/records:batch',
      'POST /producers',
      'GET /topics/orders',
      'GET /topics/orders/configs',
      'GET /topics/orders/configs/*',
      'GET /topics/orders/partitions',
      'GET /topics/orders/partitions/*',
    ]);
  });

  it('to produce to every topic opens what takes many topics at once', () => {
    const { stack, log, role } = ownStack();
    log.grantProduce(role);
    expect(callsOf(stack)).toEqual(
      expect.arrayContaining(['POST /records', 'POST /topics/*/records:batch']),
    );
  });

  it('to consume opens a topic and a group', () => {
    const { stack, log, role } = ownStack();
    log.grantConsume(role, 'orders', 'billing 1');
    const calls = callsOf(stack);
    expect(calls).toEqual(
      expect.arrayContaining([
        'GET /topics/orders/partitions/*/records',
        'POST /consumer-groups/~YmlsbGluZyAx/members',
        'POST /consumer-groups/~YmlsbGluZyAx/members/*/heartbeat',
        'POST /consumer-groups/~YmlsbGluZyAx/offsets',
      ]),
    );
    expect(
      calls.filter((call) => /topics\/(?!orders)|groups\/(?!~YmlsbGluZyAx)/.test(call)),
    ).toEqual([]);
    expect(calls).not.toContain('POST /fetch');
  });
});

describe('a grant of a log with access lists', () => {
  it('says which entries go with it', () => {
    const stack = new Stack(new App(), 'Shop');
    const acls = { superUsers: ['User:root'] };
    const log = new Stratalog(stack, 'Log', { stage: 'prod', acls });
    const assumedBy = new ServicePrincipal('lambda.amazonaws.com');
    const roles = ['A', 'B', 'C'].map((id) => new Role(stack, id, { assumedBy }));
    const [shop, billing, admin] = roles as [Role, Role, Role];
    log.grantProduce(shop, 'orders');
    log.grantConsume(billing, 'orders', 'billing');
    log.grantManage(admin);
    const told = Annotations.fromStack(stack).findWarning('*', Match.anyValue());
    const commands = told.map(({ id, entry }) => [id, String(entry.data).split(`role>' `)[1]]);
    expect(commands).toEqual([
      ['/Shop/A', expect.stringContaining("--producer --topic 'orders'")],
      ['/Shop/B', expect.stringContaining("--consumer --topic 'orders' --group 'billing'")],
      ['/Shop/C', expect.stringContaining("--operation All --topic '*'")],
    ]);
  });
});

describe('a grant by a name that is none', () => {
  it('is refused: in a policy it would be a pattern', () => {
    const { log, role } = ownStack();
    for (const name of ['orders*', 'or?ers', 'a/b', '']) {
      expect(() => log.grantProduce(role, name)).toThrow("a topic's name has");
      expect(() => log.grantConsume(role, name)).toThrow("a topic's name has");
      expect(() => log.grantManage(role, name)).toThrow("a topic's name has");
    }
    expect(() => log.grantConsume(role, 'orders', '')).toThrow('a group has a name');
  });
});

describe('a topic', () => {
  it('is ensured by the log of its stack, and kept', () => {
    const { stack } = ownStack();
    new Topic(stack, 'Orders', { partitions: 6, configs: { 'retention.ms': '60000' } });
    Template.fromStack(stack).hasResourceProperties('Custom::StratalogTopic', {
      TopicName: 'Orders',
      PartitionCount: 6,
      Configs: { 'retention.ms': '60000' },
      DeleteWithStack: false,
    });
  });

  it('has the defaults of its log, and its own over them', () => {
    const stack = new Stack(new App(), 'Shop');
    const topicDefaults = { 'retention.ms': '60000', 'max.message.bytes': '1000' };
    new Stratalog(stack, 'Log', { stage: 'prod', topicDefaults });
    new Topic(stack, 'T', { partitions: 1, configs: { 'retention.ms': '-1' } });
    Template.fromStack(stack).hasResourceProperties('Custom::StratalogTopic', {
      Configs: { 'retention.ms': '-1', 'max.message.bytes': '1000' },
    });
  });

  it('goes with its resource, when it says so', () => {
    const { stack, log } = ownStack();
    const removalPolicy = RemovalPolicy.DESTROY;
    new Topic(stack, 'T', { log, topicName: 'orders.v1', partitions: 1, removalPolicy });
    Template.fromStack(stack).hasResourceProperties('Custom::StratalogTopic', {
      TopicName: 'orders.v1',
      DeleteWithStack: true,
    });
  });

  it('asks for its log where there is more than one, or none', () => {
    const stack = new Stack(new App(), 'Empty');
    expect(() => new Topic(stack, 'T', { partitions: 1 })).toThrow('the stack has 0 of them');
  });
});

describe('a log in a network', () => {
  it('has its functions there, and ways to what they use', () => {
    const stack = new Stack(new App(), 'Private');
    // The CDK's own types don't know exactOptionalPropertyTypes.
    const vpc = new Vpc(stack, 'Vpc', { natGateways: 0, maxAzs: 2 }) as IVpc;
    new Stratalog(stack, 'Log', { stage: 'prod', vpc, vpcEndpoints: true });
    const template = Template.fromStack(stack);
    const functions = template.findResources('AWS::Lambda::Function', {
      Properties: { Runtime: 'nodejs24.x' },
    });
    for (const { Properties } of Object.values(functions)) {
      expect(Properties.VpcConfig.SubnetIds).toHaveLength(2);
    }
    template.resourceCountIs('AWS::EC2::VPCEndpoint', 3);
  });

  it('shares the endpoints with another log there', () => {
    const app = new App();
    const network = new Stack(app, 'Network');
    const vpc = new Vpc(network, 'Vpc', { natGateways: 0, maxAzs: 2 }) as IVpc;
    for (const name of ['One', 'Two']) {
      new Stratalog(new Stack(app, name), 'Log', { stage: 'prod', vpc, vpcEndpoints: true });
    }
    Template.fromStack(network).resourceCountIs('AWS::EC2::VPCEndpoint', 3);
  });
});
