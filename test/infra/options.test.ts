// What is refused of the app's options and the constructs' props, and that it says what to write instead.

import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { appOptions } from '../../infra/app-options.ts';
import { checkProps, checkTopicProps } from '../../infra/check-props.ts';
import { Stratalog, type StratalogProps } from '../../infra/index.ts';

describe('appOptions', () => {
  it('is the stage prod behind an HTTP API with SigV4 when nothing is said', () => {
    const defaults = { stage: 'prod', api: 'http', auth: { kind: 'iam' } };
    expect(appOptions({})).toEqual(defaults);
    const ofTheCdk = {
      '@aws-cdk/core:checkSecretUsage': true,
      'aws:cdk:enable-path-metadata': true,
      'availability-zones:account=1:region=eu-west-1': ['eu-west-1a'],
      'acknowledged-issue-numbers': [1],
    };
    expect(appOptions(ofTheCdk)).toEqual(defaults);
  });

  it('reads every option', () => {
    const options = appOptions({
      ...{ stage: 'dev', api: 'rest', webAclArn: 'arn:aws:wafv2:x' },
      ...{ aclSuperUsers: 'User:a;User:b', aclAllowEveryoneIfNoAclFound: 'true' },
    });
    expect(options).toEqual({
      ...{ stage: 'dev', api: 'rest', auth: { kind: 'iam' }, webAclArn: 'arn:aws:wafv2:x' },
      acls: { superUsers: ['User:a', 'User:b'], allowEveryoneIfNoAclFound: true },
    });
    const tokens = { jwtIssuer: 'https://i', jwtAudiences: 'a,b', jwtPrincipalClaim: 'email' };
    expect(appOptions(tokens).auth).toEqual({
      ...{ kind: 'jwt', issuer: 'https://i', audiences: ['a', 'b'], principalClaim: 'email' },
    });
  });

  it.each([
    [{ api: 'soap' }, 'not "soap"'],
    [{ stgae: 'dev' }, 'there is no option "stgae"; there are stage, api'],
    [{ stage: '' }, 'the option stage is empty'],
    [{ aclSuperUsers: '' }, 'the option aclSuperUsers is empty'],
    [{ aclSuperUsers: ['User:a'] }, 'the option aclSuperUsers is empty, or no text'],
    [{ aclSuperUsers: 'User:a', aclAllowEveryoneIfNoAclFound: 'yes' }, 'true or false'],
    [{ aclAllowEveryoneIfNoAclFound: 'true' }, 'needs aclSuperUsers'],
    [{ jwtAudiences: 'a' }, 'need jwtIssuer'],
    [{ jwtPrincipalClaim: 'email' }, 'need jwtIssuer'],
    [{ jwtIssuer: 'https://i' }, 'needs jwtAudiences'],
  ])('refuses %j', (context, why) => {
    expect(() => appOptions(context)).toThrow(why);
  });
});

const tokens = (auth: object) =>
  ({ auth: { kind: 'jwt', issuer: 'https://i', audiences: ['a'], ...auth } }) as const;
const acls = (...superUsers: string[]) => ({ acls: { superUsers } });
const throttle = (ratePerSecond: number, burst: number) => ({ throttle: { ratePerSecond, burst } });

describe('a log', () => {
  it.each<[Partial<StratalogProps>, string]>([
    [{ webAclArn: 'arn:x' }, "webAclArn needs api: 'rest'"],
    [{ vpcEndpoints: true }, 'vpcEndpoints needs vpc'],
    [{ removalPolicy: RemovalPolicy.SNAPSHOT }, 'RETAIN or DESTROY'],
    [tokens({ issuer: 'accounts.example' }), 'begins with https://'],
    [tokens({ audiences: [] }), 'one at least'],
    [tokens({ audiences: ['', ''] }), 'none of them is empty'],
    [tokens({ principalClaim: '' }), 'leave it out'],
    [acls(), 'needs a super user'],
    [acls('root'), 'not "root"'],
    [acls('User:a;User:b'), 'without a semicolon'],
    [acls('User:a', 'User:*'), 'a super user is somebody'],
    [acls('User:ANONYMOUS'), 'a super user is somebody'],
    [throttle(-1, 1), 'throttle.ratePerSecond is a number from 0, not -1'],
    [throttle(1, Number.NaN), 'throttle.burst'],
    [{ restoreWindow: Duration.days(0) }, '1 to 35 whole days, not 0'],
    [{ restoreWindow: Duration.days(36) }, 'not 36'],
    [{ restoreWindow: Duration.hours(12) }, 'not 0.5'],
  ])('refuses %j', (props, why) => {
    expect(
      () => new Stratalog(new Stack(new App(), 'S'), 'Log', { stage: 'prod', ...props }),
    ).toThrow(why);
  });

  it('takes what is right, and what is known only when it is deployed', () => {
    const props = { stage: '', restoreWindow: Duration.hours(48), ...throttle(0, 5_000) };
    expect(() => checkProps({ ...props, ...tokens({}), ...acls('User:root') })).not.toThrow();
  });
});

describe('a topic', () => {
  it.each([
    ['a/b', 1, "a topic's name has"],
    ['..', 1, "a topic's name has"],
    ['orders*', 1, "a topic's name has"],
    ['', 1, "a topic's name has"],
    ['orders', 0, 'from 1 to'],
    ['orders', 1.5, 'not 1.5'],
    ['orders', 1_000_000, 'not 1000000'],
  ])('called "%s" with %d partitions is refused', (name, partitions, why) => {
    expect(() => checkTopicProps(name, { partitions })).toThrow(why);
  });
});
