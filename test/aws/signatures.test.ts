// Who may call: SigV4 at API Gateway, accepted and refused. Only where signatures and policies are checked, because
// elsewhere a refusal would prove nothing.

import { describe, expect, inject, it } from 'vitest';
import {
  apiAddress,
  endpointOf,
  type LogEndpoint,
  type Signing,
} from '../support/deploy/endpoint.ts';
import { createUser } from '../support/deploy/iam.ts';

const cloud = inject('cloud');
const stack = inject('httpStack') ?? inject('restStack');
const HOUR_MS = 3_600_000;

/** Signing as somebody who may list topics, and nothing else. */
async function lister(): Promise<Signing> {
  const credentials = await createUser(cloud, `${stack.stageArn}/GET/topics`);
  return { region: cloud.region, credentials, now: new Date() };
}
const signedBy = (signing: Signing | undefined): LogEndpoint =>
  endpointOf(apiAddress(cloud, stack.url), () => signing);
const statusFor = async (signing: Signing | undefined) =>
  (await signedBy(signing)({ method: 'GET', path: '/topics' })).status;

describe.runIf(cloud.checksSignatures)('the API of a deployed log', () => {
  it('answers who signs and may', async () => {
    expect(await statusFor(await lister())).toBe(200);
  });

  it('refuses a request without a signature', async () => {
    expect(await statusFor(undefined)).toBe(403);
  });

  it('refuses a signature with another secret', async () => {
    const { credentials, ...scope } = await lister();
    const wrong = { ...credentials, secretAccessKey: 'x'.repeat(40) };
    expect(await statusFor({ ...scope, credentials: wrong })).toBe(403);
  });

  it('refuses a signature for another region', async () => {
    expect(await statusFor({ ...(await lister()), region: 'eu-west-1' })).toBe(403);
  });

  it('refuses a signature of an hour ago', async () => {
    const now = new Date(Date.now() - HOUR_MS);
    expect(await statusFor({ ...(await lister()), now })).toBe(403);
  });

  it('refuses what the caller was not granted', async () => {
    const endpoint = signedBy(await lister());
    const answer = await endpoint({ method: 'DELETE', path: '/topics/orders' });
    expect(answer.status).toBe(403);
  });
});
