// AWS's own vectors (the Signature Version 4 test suite), and the SDK as a second opinion.

import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { describe, expect, it } from 'vitest';
import { signRequest } from '../../../lib/client/transports/sigv4.ts';

const credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};
const scope = {
  region: 'us-east-1',
  service: 'service',
  nowMs: Date.UTC(2015, 7, 30, 12, 36, 0),
};

function signatureOf(method: string, path: string): string | undefined {
  const url = new URL(path, 'https://example.amazonaws.com');
  const signed = signRequest({ method, url, headers: {}, body: undefined }, credentials, scope);
  return /Signature=(\w+)$/.exec(signed.authorization ?? '')?.[1];
}

describe('signRequest', () => {
  it.each([
    ['get-vanilla', 'GET', '/', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    [
      'post-vanilla',
      'POST',
      '/',
      '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
    ],
    [
      'get-vanilla-query-order-key-case',
      'GET',
      '/?Param2=value2&Param1=value1',
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
  ])('%s', (_, method, path, signature) => {
    expect(signatureOf(method, path)).toBe(signature);
  });

  it('signs body, session token and odd characters as the SDK does', async () => {
    const client = new LambdaClient({
      region: 'eu-central-1',
      credentials: { ...credentials, sessionToken: 'token/with+signs=' },
    });
    let captured: { headers: Record<string, string>; query: Record<string, string>; path: string };
    client.middlewareStack.add(
      () => async (args) => {
        captured = args.request as typeof captured;
        throw new Error('seen enough');
      },
      { step: 'finalizeRequest', priority: 'low', name: 'capture' },
    );
    const command = new ListFunctionsCommand({ Marker: "a b/c+d~e'(f)*!", MaxItems: 5 });
    await expect(client.send(command)).rejects.toThrow('seen enough');
    const { headers, query, path } = captured!;
    const { authorization, ...signed } = headers;
    const names = /SignedHeaders=([^,]+)/.exec(authorization ?? '')?.[1]?.split(';') ?? [];
    const url = new URL(path, `https://${headers.host}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const time = headers['x-amz-date'] ?? '';
    const nowMs = Date.parse(
      time.replace(/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/, '$1-$2-$3T$4:$5:$6Z'),
    );
    const ours = signRequest(
      {
        method: 'GET',
        url,
        headers: Object.fromEntries(
          Object.entries(signed).filter(
            ([name]) =>
              names.includes(name) &&
              !['host', 'x-amz-date', 'x-amz-security-token'].includes(name),
          ),
        ),
        body: undefined,
      },
      { ...credentials, sessionToken: 'token/with+signs=' },
      { region: 'eu-central-1', service: 'lambda', nowMs },
    );
    expect(ours.authorization).toBe(authorization);
  });
});
