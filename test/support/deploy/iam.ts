// A few of IAM's actions by its query protocol, so that no client is installed for them.

import type { CloudFacts, Credentials } from './cloud.ts';
import { send } from './send.ts';
import { signedHeaders } from './sigv4.ts';

/** Of every emulator. */
export const ACCOUNT = '000000000000';

let made = 0;

/** A user with the right to call these parts of an API, and nothing else. */
export async function createUser(cloud: CloudFacts, ...apiArns: string[]): Promise<Credentials> {
  made += 1;
  const UserName = `user-${process.pid}-${made}`;
  await callIam(cloud, { Action: 'CreateUser', UserName });
  await callIam(cloud, {
    Action: 'PutUserPolicy',
    UserName,
    PolicyName: 'api',
    PolicyDocument: invokePolicy(apiArns),
  });
  return credentialsIn(await callIam(cloud, { Action: 'CreateAccessKey', UserName }));
}

/** A role with the right to call these parts of an API; who assumes it again and again has new credentials each time. */
export async function createRole(
  cloud: CloudFacts,
  RoleName: string,
  ...apiArns: string[]
): Promise<(session: string) => Promise<Credentials>> {
  const Principal = { AWS: `arn:aws:iam::${ACCOUNT}:root` };
  const trust = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal };
  await callIam(cloud, {
    Action: 'CreateRole',
    RoleName,
    // A path, which the ARN of a session doesn't tell.
    Path: '/services/',
    AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [trust] }),
  });
  await callIam(cloud, {
    Action: 'PutRolePolicy',
    RoleName,
    PolicyName: 'api',
    PolicyDocument: invokePolicy(apiArns),
  });
  return async (RoleSessionName) => {
    const RoleArn = `arn:aws:iam::${ACCOUNT}:role/services/${RoleName}`;
    const parameters = { Action: 'AssumeRole', RoleArn, RoleSessionName, Version: '2011-06-15' };
    return credentialsIn(await callIam(cloud, parameters, 'sts'));
  };
}

function invokePolicy(apiArns: readonly string[]): string {
  const statement = { Effect: 'Allow', Action: 'execute-api:Invoke', Resource: apiArns };
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}

function credentialsIn(answer: string): Credentials {
  const find = (name: string): string | undefined =>
    new RegExp(`<${name}>([^<]+)</${name}>`).exec(answer)?.[1];
  const [accessKeyId, secretAccessKey] = [find('AccessKeyId'), find('SecretAccessKey')];
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new Error(`IAM's answer has no credentials: ${answer}`);
  }
  const sessionToken = find('SessionToken');
  const session = sessionToken === undefined ? {} : { sessionToken };
  return { accessKeyId, secretAccessKey, ...session };
}

export async function callIam(
  cloud: CloudFacts,
  parameters: Readonly<Record<string, string>>,
  service: 'iam' | 'sts' = 'iam',
): Promise<string> {
  const query = new URLSearchParams({ Version: '2010-05-08', ...parameters });
  const unsigned = {
    method: 'POST',
    url: new URL(`${cloud.endpoint}/`),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(query.toString()),
  };
  const { region, credentials } = cloud;
  const scope = { service, region, credentials, now: new Date() };
  const answer = await send({ ...unsigned, headers: signedHeaders(unsigned, scope) });
  if (answer.status !== 200) {
    throw new Error(`IAM answered ${answer.status} to ${parameters.Action}: ${answer.body}`);
  }
  return answer.body.toString();
}
