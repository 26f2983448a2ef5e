import { describe, expect, it } from 'vitest';
import { outputsOf } from '../../../lib/cli/aws.ts';
import { type Connection, connectionOf } from '../../../lib/cli/connection.ts';
import { checkAuth, checkClock, tokenAdvice } from '../../../lib/cli/doctor/door.ts';
import { type Answered, skewOf } from '../../../lib/cli/doctor/probe.ts';
import { checkBucket, checkTable } from '../../../lib/cli/doctor/stack.ts';

const SIGNED: Connection = {
  endpoint: 'https://log.example',
  headers: {},
  auth: { kind: 'sigv4', region: 'us-east-1' },
};
const UNSIGNED: Connection = {
  endpoint: 'https://log.example',
  headers: {},
  auth: { kind: 'none' },
};

function answered(status: number, message = '', skewMs = 0): Answered {
  return { kind: 'answered', status, json: { message }, skewMs, tookMs: 1 };
}

describe('skewOf', () => {
  const at = 'Fri, 01 Jan 2027 00:00:10 GMT';
  const atMs = Date.parse(at);

  it('is nothing while the second that was told may lie between question and answer', () => {
    expect(skewOf(at, atMs - 500, atMs + 100)).toBe(0);
    expect(skewOf(at, atMs + 900, atMs + 950)).toBe(0);
    expect(skewOf(at, atMs + 999, atMs + 1_500)).toBe(0);
  });

  it('is how far the server is behind, or ahead', () => {
    expect(skewOf(at, atMs + 60_999, atMs + 61_100)).toBe(-60_000);
    expect(skewOf(at, atMs - 70_000, atMs - 60_000)).toBe(60_000);
    expect(skewOf('yesterday', 0, 1)).toBeUndefined();
  });
});

describe('checkClock', () => {
  it.each([
    [0, 'ok', 'as the server has it'],
    [-29_999, 'ok', 's off'],
    [-30_000, 'warning', '30 s ahead of'],
    [299_999, 'warning', '300 s behind'],
    [300_000, 'failed', 'signatures and tokens are refused'],
  ])('%d ms: %s', (skewMs, result, words) => {
    const check = checkClock(answered(200, '', skewMs), SIGNED);
    expect(check.result).toBe(result);
    expect(check.found).toContain(words);
  });
});

describe('checkAuth', () => {
  const adviceFor = (message: string, connection = SIGNED, skewMs = 0) => {
    const refused = answered(403, message, skewMs);
    const check = checkAuth([refused, refused], connection, 0);
    expect(check).toMatchObject({ check: 'auth', result: 'failed', found: message });
    return check.advice;
  };

  it.each([
    ['Forbidden', 'the region (us-east-1) is not the API'],
    ['Signature expired: 20261125T155500Z is now earlier than', 'set the clock'],
    ['The security token included in the request is invalid.', 'renew them'],
    ['The request signature we calculated does not match', 'the secret key does not belong'],
    ['Credential should be scoped to a valid region.', '--region'],
    ['User: x is not authorized to perform: execute-api:Invoke', 'allow execute-api:Invoke'],
  ])('knows what “%s” means', (message, advice) => {
    expect(adviceFor(message)).toContain(advice);
  });

  it('blames the clock first where it is wrong', () => {
    expect(adviceFor('Forbidden', SIGNED, -400_000)).toContain('set the clock first');
  });

  it('asks for a signature or a token where there is none', () => {
    expect(adviceFor('Forbidden', UNSIGNED)).toContain('--token');
  });

  it('is content with our own refusals: who is refused by an ACL is known', () => {
    const denied: Answered = {
      ...answered(403),
      json: { message: 'no', kafka_error: 'TOPIC_AUTHORIZATION_FAILED' },
    };
    expect(checkAuth([denied], SIGNED, 0).result).toBe('ok');
  });
});

describe('tokenAdvice', () => {
  const token = (claims: object) =>
    `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;

  it('looks into the claims', () => {
    expect(tokenAdvice(token({ exp: 1 }), 1_000)).toContain('expired at 1970-01-01T00:00:01.000Z');
    const other = tokenAdvice(token({ exp: 2, iss: 'https://a', aud: 'shop' }), 1_000);
    expect(other).toContain('issuer "https://a" for "shop"');
    for (const none of ['abc', 'a.b.c', 'a.bnVsbA.c']) {
      expect(tokenAdvice(none, 0)).toContain('this is no JWT');
    }
  });
});

describe('checkTable and checkBucket', () => {
  it('say what is missing, and what can’t be restored', () => {
    const table = {
      kind: 'seen',
      status: 'ACTIVE',
      isRestorable: true,
      isProtected: true,
    } as const;
    expect(checkTable('table heads', 'h', table)).toMatchObject({ result: 'ok' });
    const creating = { ...table, status: 'CREATING' };
    expect(checkTable('table heads', 'h', creating)).toMatchObject({ result: 'failed' });
    const bare = { ...table, isRestorable: false };
    expect(checkTable('table heads', 'h', bare)).toMatchObject({ result: 'warning' });
    const missing = { kind: 'missing', message: 'ResourceNotFoundException: no' } as const;
    expect(checkTable('table heads', 'h', missing)).toMatchObject({
      result: 'failed',
      found: 'h is not there (ResourceNotFoundException: no)',
    });
    expect(checkBucket('bucket', 'b', { kind: 'seen', isVersioned: false }).result).toBe('warning');
    const denied = { kind: 'denied', message: 'AccessDenied: no' } as const;
    expect(checkBucket('bucket', 'b', denied).result).toBe('skipped');
  });
});

describe('outputsOf', () => {
  it('reads the outputs of a stack, escapes and all', () => {
    const xml = `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>s</StackName>
      <Outputs><member><OutputKey>Url</OutputKey><OutputValue>https://a</OutputValue></member>
      <member><OutputValue>{&quot;a&quot;:&quot;&amp;&lt;&quot;}</OutputValue><OutputKey>Names</OutputKey></member></Outputs>
      </member></Stacks></DescribeStacksResult></DescribeStacksResponse>`;
    expect([...outputsOf(xml)]).toEqual([
      ['Url', 'https://a'],
      ['Names', '{"a":"&<"}'],
    ]);
  });
});

describe('connectionOf', () => {
  const authOf = (values: object, environment = {}) =>
    connectionOf({ ...values }, environment).auth;
  const endpoint = 'https://abc.execute-api.eu-west-1.amazonaws.com';

  it('signs for API Gateway, and where it is told to', () => {
    expect(authOf({ endpoint })).toEqual({ kind: 'sigv4', region: 'eu-west-1' });
    expect(authOf({ endpoint: 'https://log.example' })).toEqual({ kind: 'none' });
    const custom = { endpoint: 'https://log.example', region: 'us-east-1' };
    expect(authOf(custom)).toEqual({ kind: 'sigv4', region: 'us-east-1' });
    expect(authOf({}, { STRATALOG_REGION: 'x', STRATALOG_TOKEN: '' })).toMatchObject({
      region: 'x',
    });
  });

  it('sends a token where there is one', () => {
    expect(authOf({ endpoint, token: 't' })).toEqual({ kind: 'token', token: 't' });
    expect(authOf({ endpoint }, { STRATALOG_TOKEN: 't' })).toEqual({ kind: 'token', token: 't' });
  });
});
