// Tokens instead of signatures: a stack of its own whose API asks an issuer of ours.

import { createSign, generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { asking } from '../support/deploy/ask.ts';
import { deploy, type StackOutputs } from '../support/deploy/deployment.ts';
import { apiAddress, endpointOf } from '../support/deploy/endpoint.ts';

const AUDIENCE = 'log';
const KEY_ID = 'first';
const HOUR_SECONDS = 3_600;
const keys = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const others = generateKeyPairSync('rsa', { modulusLength: 2_048 });

const cloud = inject('cloud');
let issuer: string;
let server: Server;
let stack: StackOutputs;

/** What an issuer serves: where its keys are, and its keys. */
function startIssuer(): Promise<Server> {
  const made = createServer((request, response) => {
    const key = { ...keys.publicKey.export({ format: 'jwk' }), kid: KEY_ID, alg: 'RS256' };
    const answers: Record<string, object> = {
      '/.well-known/openid-configuration': { issuer, jwks_uri: `${issuer}/keys` },
      '/keys': { keys: [key] },
    };
    const answer = answers[request.url ?? ''];
    response.writeHead(answer === undefined ? 404 : 200).end(JSON.stringify(answer));
  });
  return new Promise((resolve) => made.listen(0, '127.0.0.1', () => resolve(made)));
}

function token(claims: object = {}, privateKey = keys.privateKey): string {
  const exp = Math.floor(Date.now() / 1_000) + HOUR_SECONDS;
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = [
    part({ alg: 'RS256', kid: KEY_ID }),
    part({ iss: issuer, sub: 'somebody', aud: AUDIENCE, exp, ...claims }),
  ].join('.');
  const signature = createSign('sha256').update(signed).sign(privateKey, 'base64url');
  return `${signed}.${signature}`;
}

async function statusFor(authorization: string | undefined): Promise<number> {
  const endpoint = endpointOf(apiAddress(cloud, stack.url), () => undefined);
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
  return (await endpoint({ method: 'GET', path: '/topics', headers })).status;
}

describe.runIf(cloud.hasHttpApi)('an API that takes tokens', () => {
  beforeAll(async () => {
    server = await startIssuer();
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    stack = await deploy(cloud, {
      stage: 'test-tokens',
      api: 'http',
      context: {
        jwtIssuer: issuer,
        jwtAudiences: `${AUDIENCE},other`,
        jwtPrincipalClaim: 'client_id',
        aclSuperUsers: 'User:admin;User:operator',
      },
    });
  });

  afterAll(() => {
    server.close();
  });

  it('answers who bears one of its issuer for its audience', async () => {
    expect(await statusFor(`Bearer ${token()}`)).toBe(200);
  });

  it('tells bearers apart by the claim that it was told of', async () => {
    const create = async (claims: object) => {
      const endpoint = endpointOf(apiAddress(cloud, stack.url), () => undefined);
      const ask = asking(() => endpoint);
      const headers = { authorization: `Bearer ${token(claims)}` };
      const json = { topic_name: 'orders', validate_only: true };
      const { status, json: said } = await ask('POST', '/topics', { headers, json });
      return [status, said.message?.split(' ')[0]];
    };
    expect(await create({ client_id: 'operator' })).toEqual([200, undefined]);
    expect(await create({ client_id: 'shop', sub: 'admin' })).toEqual([403, 'User:shop']);
    expect(await create({ sub: 'admin' })).toEqual([403, 'User:ANONYMOUS']);
  });

  it.each([
    ['none', () => undefined],
    ['no token', () => 'Bearer abc'],
    ['one for somebody else', () => `Bearer ${token({ aud: 'shop' })}`],
    ['one that has expired', () => `Bearer ${token({ exp: 1_000_000_000 })}`],
    ['one of another issuer', () => `Bearer ${token({ iss: 'https://elsewhere.example' })}`],
    ['one that another key signed', () => `Bearer ${token({}, others.privateKey)}`],
  ])('refuses %s', async (_, authorization) => {
    expect(await statusFor(authorization())).toBe(401);
  });
});
