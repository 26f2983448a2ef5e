// The way in: does something answer, is the clock right, does it let us in.

import type { Connection } from '../connection.ts';
import { type Check, failed, ok, skipped, warning } from './check.ts';
import { type Answered, isTurnedAway, messageOf, type Probed } from './probe.ts';

/** SigV4 allows five minutes; a minute is a sign that nothing sets the clock. */
const SKEW_FAILED_MS = 300_000;
const SKEW_WARNING_MS = 30_000;

/** `health`: what the log says of itself. */
export function checkEndpoint(health: Probed, { endpoint }: Connection): Check {
  const check = 'endpoint';
  if (health.kind === 'unanswered') return unansweredEndpoint(health, endpoint);
  const { status, json, tookMs } = health;
  if (status === 200 && json?.status === 'ok') {
    return ok(check, `${endpoint} answers, version ${String(json.version)}, in ${tookMs} ms`);
  }
  if (isTurnedAway(health)) {
    return ok(check, `${endpoint} answers in ${tookMs} ms, and asks who is there (${status})`);
  }
  if (status === 429 || status >= 500) {
    return failed(
      check,
      `${endpoint} answers with ${status}: ${messageOf(health)}`,
      'look into the log group of the function "meta", and whether the concurrency of the account is used up',
    );
  }
  return failed(
    check,
    `what answers at ${endpoint} is no log (${status}: ${messageOf(health)})`,
    "give the URL as the stack's output Url has it, with the stage of a REST API, and nothing after it",
  );
}

function unansweredEndpoint(
  { reason, message }: Extract<Probed, { kind: 'unanswered' }>,
  endpoint: string,
): Check {
  const isHere = /^https?:\/\/(localhost|127\.|\[::1\])/.test(endpoint);
  const advice = {
    refused: isHere
      ? 'start the log on this machine with npm start, or name another one with --endpoint'
      : "check the address against the stack's output Url, DNS, and that a private API is asked from its network",
    timeout: 'check firewalls, proxies and security groups on the way',
    broken: 'check that the scheme is right (https for AWS), and proxies on the way',
    unsent:
      'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, choose a profile with AWS_PROFILE, or give a --token',
  }[reason];
  return failed('endpoint', message, advice);
}

export function checkClock(answer: Answered, { auth }: Connection): Check {
  const check = 'clock';
  const { skewMs } = answer;
  if (skewMs === undefined) return skipped(check, 'the answer has no date');
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  if (Math.abs(skewMs) < SKEW_WARNING_MS) {
    return ok(check, seconds === 0 ? 'as the server has it' : `${seconds} s off the server's`);
  }
  const found = `this machine's clock is ${seconds} s ${skewMs < 0 ? 'ahead of' : 'behind'} the server's`;
  const advice = 'set it by NTP (timedatectl set-ntp true); in a container or VM, set the host';
  if (Math.abs(skewMs) < SKEW_FAILED_MS) return warning(check, found, advice);
  const refusal = auth.kind === 'none' ? '' : ': signatures and tokens are refused';
  return failed(check, found + refusal, advice);
}

/** `answers`: to requests that need different rights, so that one that gets in is enough to know that we are known. */
export function checkAuth(
  answers: readonly Answered[],
  connection: Connection,
  nowMs: number,
): Check {
  const check = 'auth';
  const { auth } = connection;
  const refused = answers.find(isTurnedAway);
  const how = {
    none: 'no signature or token is asked for',
    token: 'the token is accepted',
    sigv4: `the signature is accepted${auth.kind === 'sigv4' ? ` in ${auth.region}` : ''}`,
  }[auth.kind];
  if (refused === undefined) return ok(check, how);
  if (!answers.every(isTurnedAway)) {
    return warning(
      check,
      `${how}, but not for every request: ${messageOf(refused)}`,
      'grant what this principal needs: grantProduce, grantConsume or grantManage of the construct, or execute-api:Invoke on the output StageArn',
    );
  }
  return failed(check, messageOf(refused), adviceFor(refused, connection, nowMs));
}

function adviceFor(refused: Answered, { auth }: Connection, nowMs: number): string {
  if (auth.kind === 'none') {
    return 'this API wants a signature or a token: give --region to sign with AWS credentials, or --token';
  }
  if (Math.abs(refused.skewMs ?? 0) >= SKEW_FAILED_MS)
    return 'set the clock first, then look again';
  if (auth.kind === 'token') return tokenAdvice(auth.token, nowMs);
  const message = messageOf(refused);
  if (/expired|not yet current|too skewed/i.test(message)) {
    return 'the signature was too old: set the clock, or renew temporary credentials';
  }
  if (/security token/i.test(message)) {
    return 'AWS does not know these credentials: renew them (aws sso login), and set AWS_SESSION_TOKEN with temporary ones';
  }
  if (/scoped to a valid region/i.test(message)) {
    return 'sign for the region of the API: --region';
  }
  if (/signature/i.test(message)) {
    return 'the secret key does not belong to the access key, or something on the way changes requests';
  }
  const right = 'allow execute-api:Invoke on the output StageArn to this principal';
  if (/not authorized/i.test(message)) return right;
  // An HTTP API says no more than "Forbidden".
  return `the credentials are unknown or expired, the region (${auth.region}) is not the API's, or the principal lacks the right: aws sts get-caller-identity shows who asks; ${right}`;
}

/** Looks into the token's claims; whether it is genuine only its issuer can say. */
export function tokenAdvice(token: string, nowMs: number): string {
  const claims = claimsOf(token);
  if (claims === undefined) return 'this is no JWT: give the access token alone, without "Bearer"';
  const { exp, iss, aud } = claims;
  if (typeof exp === 'number' && exp * 1_000 <= nowMs) {
    return `the token expired at ${new Date(exp * 1_000).toISOString()}: get a new one`;
  }
  const audience = JSON.stringify(aud ?? claims.client_id ?? null);
  return `the token is of issuer ${JSON.stringify(iss ?? null)} for ${audience}: both must be what the stack was deployed with (jwtIssuer, jwtAudiences)`;
}

function claimsOf(token: string): Readonly<Record<string, unknown>> | undefined {
  const [, payload] = token.split('.');
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    return typeof claims === 'object' && claims !== null
      ? (claims as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
