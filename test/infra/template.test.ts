// What the template says of functions, API, logs, alarms and the bucket.

import { readFileSync } from 'node:fs';
import { Duration } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { describe, expect, it } from 'vitest';
import { servedRoutes } from '../../infra/routes.ts';
import { ASYNC_EVENT_AGE_MS_MAX, FETCH_WAIT_MS_MAX, GARBAGE_GRACE_MS } from '../../lib/limits.ts';
import { resourcesOf, synthesise } from '../support/deploy/template.ts';

const API_GATEWAY_TIMEOUT_SECONDS = 29;
const BEHIND_NO_GATEWAY = /^Log(Background|AdminEnsureTopic)/;
const stack = synthesise();
const rest = synthesise({ api: 'rest' });

describe('the functions', () => {
  const functions = resourcesOf(stack, 'AWS::Lambda::Function');

  it('run on the pinned Node, on arm64, with memory and a timeout below the gateway’s', () => {
    expect(functions.length).toBeGreaterThan(0);
    for (const [id, { Properties }] of functions) {
      expect(Properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] });
      expect(Properties.MemorySize).toBeGreaterThanOrEqual(256);
      if (BEHIND_NO_GATEWAY.test(id)) continue;
      expect(Properties.Timeout).toBeLessThan(API_GATEWAY_TIMEOUT_SECONDS);
    }
  });

  it('log as JSON, without a line for each start and end, and not for ever', () => {
    for (const [, { Properties }] of functions) {
      expect(Properties.LoggingConfig).toMatchObject({
        LogFormat: 'JSON',
        SystemLogLevel: 'WARN',
      });
    }
    for (const [, { Properties }] of resourcesOf(stack, 'AWS::Logs::LogGroup')) {
      expect(Properties.RetentionInDays).toBe(30);
    }
  });

  it('give a waiting fetch the time to wait and to read', () => {
    stack.template.hasResourceProperties('AWS::Lambda::Function', {
      Description: 'Stratalog: reads records',
      Timeout: Match.anyValue(),
    });
    const fetch = functions.find(([id]) => id.includes('ReadFetch'));
    expect(fetch?.[1].Properties.Timeout).toBeGreaterThan(FETCH_WAIT_MS_MAX / 1_000 + 5);
  });

  it('know the names of the tables that they may use, and no others', () => {
    const variablesOf = (part: string) => {
      const found = functions.find(([id]) => id.includes(part));
      return Object.keys(found?.[1].Properties.Environment.Variables).sort();
    };
    expect(variablesOf('GroupHeartbeat')).toEqual([
      'NODE_OPTIONS',
      'STRATALOG_BUCKET',
      'STRATALOG_METRICS',
      'STRATALOG_TABLE_GROUPS',
      'STRATALOG_TABLE_TOPICS',
    ]);
    expect(variablesOf('AdminMeta')).toEqual(['NODE_OPTIONS', 'STRATALOG_METRICS']);
    expect(variablesOf('AdminAcls')).toEqual(['NODE_OPTIONS', 'STRATALOG_METRICS']);
  });

  it('know of access lists where they are on, those that answer callers', () => {
    const auth = {
      kind: 'jwt',
      issuer: 'https://issuer.example',
      audiences: ['log'],
      principalClaim: 'client_id',
    } as const;
    const superUsers = ['User:root', 'User:arn:aws:iam::111122223333:role/admin'];
    const guarded = synthesise({ auth, acls: { superUsers, allowEveryoneIfNoAclFound: true } });
    for (const [id, { Properties }] of resourcesOf(guarded, 'AWS::Lambda::Function')) {
      const said = {
        STRATALOG_ACLS: 'on',
        STRATALOG_SUPER_USERS: superUsers.join(';'),
        STRATALOG_ALLOW_IF_NO_ACL: 'true',
        STRATALOG_PRINCIPAL_CLAIM: 'client_id',
        STRATALOG_TABLE_ACLS: expect.anything(),
      };
      const { Variables } = Properties.Environment;
      const reads = id.includes('WatchGroups') || !BEHIND_NO_GATEWAY.test(id);
      if (!reads || id.includes('AdminMeta')) {
        expect(Object.keys(Variables)).not.toContain('STRATALOG_ACLS');
      } else {
        expect(Variables).toMatchObject(said);
      }
    }
  });

  it('are not closed to everybody by access lists', () => {
    const turnOn = (superUsers: string[], allowEveryoneIfNoAclFound = false) =>
      synthesise({ acls: { superUsers, allowEveryoneIfNoAclFound } });
    expect(() => turnOn([])).toThrow('needs a super user');
    expect(() => turnOn([], true)).not.toThrow();
    for (const wrong of ['root', 'User:', 'User:a;User:b']) {
      expect(() => turnOn([wrong])).toThrow('a super user is User:<name>');
    }
  });

  it('no-loss-by-cleanup: give an asynchronous append up long before its object is garbage', () => {
    expect(ASYNC_EVENT_AGE_MS_MAX * 4).toBeLessThanOrEqual(GARBAGE_GRACE_MS);
    stack.template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      MaximumEventAgeInSeconds: ASYNC_EVENT_AGE_MS_MAX / 1_000,
      MaximumRetryAttempts: 2,
      DestinationConfig: { OnFailure: { Destination: Match.anyValue() } },
    });
  });
});

describe('the background jobs', () => {
  it('run on schedules, and never twice for one event', () => {
    const rules = resourcesOf(stack, 'AWS::Events::Rule').map(([, one]) => one.Properties);
    expect(rules.map(({ ScheduleExpression }) => ScheduleExpression).sort()).toEqual([
      'rate(1 hour)',
      'rate(1 hour)',
      'rate(15 minutes)',
      'rate(15 minutes)',
      'rate(5 minutes)',
    ]);
    for (const { Targets } of rules) {
      expect(Targets).toMatchObject([{ RetryPolicy: { MaximumRetryAttempts: 0 } }]);
    }
  });
});

describe('the HTTP API', () => {
  it('has every route twice, each signed', () => {
    const routes = resourcesOf(stack, 'AWS::ApiGatewayV2::Route');
    const keys = routes.map(([, { Properties }]) => Properties.RouteKey);
    expect(keys.sort()).toEqual(
      servedRoutes()
        .map(({ method, path }) => `${method} ${path}`)
        .sort(),
    );
    for (const [, { Properties }] of routes) expect(Properties.AuthorizationType).toBe('AWS_IAM');
  });

  it('takes tokens instead, when it is told whose', () => {
    const audiences = ['log'];
    const issuer = 'https://issuer.example';
    const jwt = synthesise({ auth: { kind: 'jwt', issuer, audiences } });
    jwt.template.hasResourceProperties('AWS::ApiGatewayV2::Authorizer', {
      AuthorizerType: 'JWT',
      JwtConfiguration: { Issuer: issuer, Audience: audiences },
    });
    for (const [, { Properties }] of resourcesOf(jwt, 'AWS::ApiGatewayV2::Route')) {
      expect(Properties.AuthorizationType).toBe('JWT');
    }
  });

  it('throttles, and logs no path, query or body', () => {
    const [[, stage] = []] = resourcesOf(stack, 'AWS::ApiGatewayV2::Stage');
    expect(stage?.Properties.DefaultRouteSettings).toEqual({
      ThrottlingRateLimit: 2_000,
      ThrottlingBurstLimit: 1_000,
    });
    const variables = stage?.Properties.AccessLogSettings.Format.match(/\$context\.[\w.]+/g);
    expect(variables).toContain('$context.routeKey');
    expect(variables).not.toContain('$context.path');
  });
});

describe('the REST API', () => {
  it('has every route twice, each signed, with the bytes of batches as bytes', () => {
    const methods = resourcesOf(rest, 'AWS::ApiGateway::Method');
    expect(methods).toHaveLength(servedRoutes().length);
    for (const [, { Properties }] of methods) expect(Properties.AuthorizationType).toBe('AWS_IAM');
    rest.template.hasResourceProperties('AWS::ApiGateway::RestApi', {
      BinaryMediaTypes: ['application/vnd.apache.kafka.record-batch'],
    });
  });

  it('takes a web ACL', () => {
    const webAclArn = 'arn:aws:wafv2:us-east-1:111111111111:regional/webacl/a/b';
    const guarded = synthesise({ api: 'rest', webAclArn });
    guarded.template.hasResourceProperties('AWS::WAFv2::WebACLAssociation', {
      WebACLArn: webAclArn,
    });
  });

  it('has no JWT authorizer, and says so', () => {
    const auth = { kind: 'jwt', issuer: 'https://issuer.example', audiences: ['log'] } as const;
    expect(() => synthesise({ api: 'rest', auth })).toThrow('a REST API has no JWT authorizer');
  });
});

describe('the bucket', () => {
  it('is private, encrypted, and takes no request without TLS', () => {
    stack.template.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: Match.anyValue(),
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    });
    stack.template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Deny',
            Action: 's3:*',
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
        ]),
      },
    });
  });

  it('forgets uploads that were not finished', () => {
    const [[, bucket] = []] = resourcesOf(stack, 'AWS::S3::Bucket');
    expect(bucket?.Properties.LifecycleConfiguration.Rules).toContainEqual(
      expect.objectContaining({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }),
    );
  });
});

/** The stack's name is Stratalog here. */
const OWN_METRICS = 'Stratalog/Stratalog';

describe('what watches', () => {
  it('has alarms for what needs a person, on metrics that cost little or nothing', () => {
    const alarms = resourcesOf(stack, 'AWS::CloudWatch::Alarm').map(([, one]) => one.Properties);
    expect(alarms.map(({ MetricName }) => MetricName).sort()).toEqual([
      '5xx',
      'ApproximateNumberOfMessagesVisible',
      'DamagedObjects',
      'Duration',
      'Errors',
      'Errors',
      'Errors',
      'Errors',
      'Errors',
      'JobFailures',
      'LateAppendsDropped',
      'ReadThrottleEvents',
      'Throttles',
      'Throttles',
      'WriteThrottleEvents',
    ]);
    for (const { Namespace, Dimensions } of alarms) {
      expect(Namespace).toMatch(/^(AWS\/\w+|Stratalog\/Stratalog)$/);
      if (Namespace === OWN_METRICS) expect(Dimensions).toBeUndefined();
    }
  });

  it('looks where the functions of this stack, and of no other, tell their metrics', () => {
    const told = resourcesOf(stack, 'AWS::Lambda::Function')
      .map(([, { Properties }]) => Properties.Environment?.Variables.STRATALOG_METRICS)
      .filter((namespace) => namespace !== undefined);
    expect(told.length).toBeGreaterThan(15);
    expect(new Set(told)).toEqual(new Set([OWN_METRICS]));
    const [[, dashboard] = []] = resourcesOf(stack, 'AWS::CloudWatch::Dashboard');
    const body = JSON.stringify(dashboard?.Properties.DashboardBody);
    expect(body).toContain(`${OWN_METRICS}\\",\\"watch-groups.lagSeconds`);
  });

  it('has no alarm that the handbook says nothing of', () => {
    const handbook = readFileSync(new URL('../../docs/OPERATIONS.md', import.meta.url), 'utf8');
    const late = synthesise({ lagAlarm: Duration.minutes(10) });
    const alarms = late.stack.node.findAll().filter((one) => one instanceof Alarm);
    const names = alarms.map(({ node }) => node.id.replace(/^Failing-.*/, 'Failing-…'));
    expect(names.length).toBeGreaterThan(12);
    expect(names.filter((name) => !handbook.includes(`\`${name}\``))).toEqual([]);
  });

  it('has one for the lag of groups, when it is told what is too far', () => {
    const late = synthesise({ lagAlarm: Duration.minutes(10) });
    late.template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'watch-groups.lagSeconds',
      Statistic: 'Maximum',
      Threshold: 600,
      AlarmDescription: 'A consumer group is more than 10 minutes behind.',
    });
  });

  it('has a dashboard without a dimension for topics or partitions', () => {
    const [[, dashboard] = []] = resourcesOf(stack, 'AWS::CloudWatch::Dashboard');
    const body = JSON.stringify(dashboard?.Properties.DashboardBody);
    for (const part of [
      'dollars an hour',
      'key skew',
      'Lag of the group',
      'one head',
      'acks=0 dropped',
      'append p99',
    ]) {
      expect(body).toContain(part);
    }
    expect(body).not.toMatch(/"(topic|partition)"/i);
  });
});

describe('the outputs', () => {
  it('say where everything is', () => {
    const names = Object.keys(stack.template.findOutputs('*'));
    expect(names).toEqual(
      expect.arrayContaining([
        'Url',
        'StageArn',
        'BucketName',
        'HeadsTableName',
        'GroupsTableName',
      ]),
    );
  });
});

describe('the size of the stack', () => {
  it('leaves room below CloudFormation’s 500 resources and a megabyte', () => {
    for (const { resources } of [stack, rest]) {
      expect(Object.keys(resources).length).toBeLessThan(350);
      expect(JSON.stringify(resources).length).toBeLessThan(700_000);
    }
  });
});
