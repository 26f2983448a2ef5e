// What the CLI asks AWS itself: credentials as the SDK finds them, what a stack says of itself, and how its tables and
// its bucket are.

import { StratalogClientError } from '../client/errors.ts';
import type { AwsCredentials } from '../client/transports/sigv4.ts';
import { signRequest } from '../client/transports/sigv4.ts';
import { createClients } from '../storage/aws/clients.ts';
import { findCredentials, inspectBucket, inspectTable } from '../storage/aws/inspect.ts';

const STACK_TIMEOUT_MS = 10_000;

let find: (() => Promise<AwsCredentials>) | undefined;

/** The environment's, a profile's, or a role's; the SDK keeps them, and renews them when they expire. */
export async function awsCredentials(): Promise<AwsCredentials> {
  find ??= findCredentials();
  return await find().catch((cause: unknown) => {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new StratalogClientError(
      'invalid-argument',
      `no AWS credentials to sign with (${message}); set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`,
      { cause },
    );
  });
}

/** The outputs of a CloudFormation stack, by name. Fails with what AWS said. */
export async function stackOutputs(
  stackName: string,
  region: string,
): Promise<ReadonlyMap<string, string>> {
  const { AWS_ENDPOINT_URL_CLOUDFORMATION, AWS_ENDPOINT_URL } = process.env;
  const url = new URL(
    AWS_ENDPOINT_URL_CLOUDFORMATION ??
      AWS_ENDPOINT_URL ??
      `https://cloudformation.${region}.amazonaws.com`,
  );
  const query = { Action: 'DescribeStacks', Version: '2010-05-15', StackName: stackName };
  const body = Buffer.from(new URLSearchParams(query).toString());
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const signed = signRequest({ method: 'POST', url, headers, body }, await awsCredentials(), {
    region,
    service: 'cloudformation',
    nowMs: Date.now(),
  });
  const answer = await fetch(url, {
    method: 'POST',
    headers: { ...headers, ...signed },
    body,
    signal: AbortSignal.timeout(STACK_TIMEOUT_MS),
  });
  const xml = await answer.text();
  if (!answer.ok) throw new Error(element(xml, 'Message') ?? `CloudFormation: ${answer.status}`);
  return outputsOf(xml);
}

export function outputsOf(xml: string): ReadonlyMap<string, string> {
  const outputs = new Map<string, string>();
  for (const [, member = ''] of xml.matchAll(/<member>((?:(?!<member>)[\s\S])*?)<\/member>/g)) {
    const key = element(member, 'OutputKey');
    const value = element(member, 'OutputValue');
    if (key !== undefined && value !== undefined) outputs.set(key, value);
  }
  return outputs;
}

function element(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([\\s\\S]*?)</${name}>`).exec(xml)?.[1];
  return text
    ?.replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#34;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&');
}

/** Looks with the caller's own rights, not with those of the log's functions. */
export function awsInspector(region: string) {
  const clients = createClients({ region });
  return {
    table: (name: string) => inspectTable(clients, name),
    bucket: (name: string) => inspectBucket(clients, name),
    close() {
      clients.dynamodb.destroy();
      clients.s3.destroy();
    },
  };
}
