// A few of IAM's actions by its query protocol, so that no client is installed for them.

import type { CloudFacts, Credentials } from './cloud.ts';
import { send } from './send.ts';
import { signedHeaders } from './sigv4.ts';

let made = 0;

/** A user with the right to call these parts of an API, and nothing else. */
export async function createUser(cloud: CloudFacts, ...apiArns: string[]): Promise<Credentials> {
  made += 1;
  const UserName = `user-${process.pid}-${made}`;
  await callIam(cloud, { Action: 'CreateUser', UserName });
  const policy = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 'execute-api:Invoke', Resource: apiArns }],
  };
  await callIam(cloud, {
    Action: 'PutUserPolicy',
    UserName,
    PolicyName: 'api',
    PolicyDocument: JSON.stringify(policy),
  });
  const answer = await callIam(cloud, { Action: 'CreateAccessKey', UserName });
  const field = (name: string): string => {
    const found = new RegExp(`<${name}>([^<]+)</${name}>`).exec(answer)?.[1];
    if (found === undefined) throw new Error(`IAM's answer has no ${name}: ${answer}`);
    return found;
  };
  return { accessKeyId: field('AccessKeyId'), secretAccessKey: field('SecretAccessKey') };
}

export async function callIam(
  cloud: CloudFacts,
  parameters: Readonly<Record<string, string>>,
): Promise<string> {
  const query = new URLSearchParams({ Version: '2010-05-08', ...parameters });
  const unsigned = {
    method: 'POST',
    url: new URL(`${cloud.endpoint}/`),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(query.toString()),
  };
  const { region, credentials } = cloud;
  const scope = { service: 'iam', region, credentials, now: new Date() };
  const answer = await send({ ...unsigned, headers: signedHeaders(unsigned, scope) });
  if (answer.status !== 200) {
    throw new Error(`IAM answered ${answer.status} to ${parameters.Action}: ${answer.body}`);
  }
  return answer.body.toString();
}
