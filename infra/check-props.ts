// What is wrong with a construct's props, said when it is made and by the prop's name, not by CloudFormation in the
// middle of a deployment, and never by a log that is open or closed to others than was meant.

import { type Duration, RemovalPolicy, Token } from 'aws-cdk-lib';
import { PARTITIONS_PER_TOPIC_MAX } from '../lib/limits.ts';
import type { Auth } from './constructs/api.ts';
import type { AclOptions } from './constructs/stratalog-function.ts';
import type { Throttle } from './stage-config.ts';
import type { StratalogProps } from './stratalog-props.ts';

/** DynamoDB's, of point-in-time recovery. */
const RESTORE_DAYS_MAX = 35;
/** Kafka's. */
const TOPIC_NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/;
/** Whom the log can't tell from anybody else. */
const NOBODY = ['User:*', 'User:ANONYMOUS'];

export function checkProps(props: StratalogProps): void {
  const { auth, acls, throttle, restoreWindow, removalPolicy, vpc, vpcEndpoints } = props;
  if (props.webAclArn !== undefined && props.api !== 'rest') {
    throw new Error("webAclArn needs api: 'rest': WAF doesn't take an HTTP API");
  }
  if (vpcEndpoints === true && vpc === undefined) {
    throw new Error('vpcEndpoints needs vpc: the network that they are to be in');
  }
  if (removalPolicy === RemovalPolicy.SNAPSHOT) {
    throw new Error('removalPolicy is RETAIN or DESTROY: a bucket and tables know no SNAPSHOT');
  }
  if (auth !== undefined) checkAuth(auth);
  if (acls !== undefined) checkAcls(acls);
  if (throttle !== undefined) checkThrottle(throttle);
  if (restoreWindow !== undefined) checkRestoreWindow(restoreWindow);
}

function checkAuth(auth: Auth): void {
  if (auth.kind === 'iam') return;
  const { issuer, audiences, principalClaim } = auth;
  // An emulator's issuer may be on this machine, without a certificate; API Gateway itself would refuse that.
  const isUrl = /^(https:\/\/[^/\s]|http:\/\/127\.0\.0\.1(:|\/|$))/.test(issuer);
  if (!Token.isUnresolved(issuer) && !isUrl) {
    throw new Error(`the issuer of tokens is a URL that begins with https://, not "${issuer}"`);
  }
  if (audiences.length === 0 || audiences.some((audience) => audience.trim() === '')) {
    throw new Error('the audiences of tokens are one at least, and none of them is empty');
  }
  if (principalClaim === '') throw new Error('principalClaim is empty; leave it out for "sub"');
}

/** Whoever turned access lists on without a super user would have shut everybody out, themselves included. */
function checkAcls({ superUsers, allowEveryoneIfNoAclFound = false }: AclOptions): void {
  if (superUsers.length === 0 && !allowEveryoneIfNoAclFound) {
    throw new Error('acls needs a super user: without one nobody could write the first entry');
  }
  const wrong = superUsers.find((principal) => !/^User:[^;]+$/.test(principal));
  if (wrong !== undefined) {
    throw new Error(`a super user is User:<name>, without a semicolon, not "${wrong}"`);
  }
  const nobody = superUsers.find((principal) => NOBODY.includes(principal));
  if (nobody !== undefined) {
    throw new Error(
      `a super user is somebody, not "${nobody}"; leave acls out to let everybody in`,
    );
  }
}

function checkThrottle({ ratePerSecond, burst }: Throttle): void {
  for (const [name, value] of Object.entries({ ratePerSecond, burst })) {
    if (Token.isUnresolved(value) || (Number.isFinite(value) && value >= 0)) continue;
    throw new Error(`throttle.${name} is a number from 0, not ${value}`);
  }
}

function checkRestoreWindow(restoreWindow: Duration): void {
  const days = restoreWindow.toDays({ integral: false });
  if (Number.isInteger(days) && days >= 1 && days <= RESTORE_DAYS_MAX) return;
  throw new Error(`restoreWindow is 1 to ${RESTORE_DAYS_MAX} whole days, not ${days}`);
}

/** A name that isn't one would be a pattern in a policy, or match nothing. */
function checkTopicName(name: string): void {
  if (Token.isUnresolved(name) || TOPIC_NAME.test(name)) return;
  throw new Error(
    `a topic's name has 1 to 249 letters, digits and . _ -, and isn't . or ..; not "${name.slice(0, 260)}"`,
  );
}

export function checkTopicProps(
  name: string,
  { partitions }: { readonly partitions: number },
): void {
  checkTopicName(name);
  const isCount = Number.isInteger(partitions) && partitions >= 1;
  if (Token.isUnresolved(partitions) || (isCount && partitions <= PARTITIONS_PER_TOPIC_MAX)) return;
  throw new Error(
    `topic "${name}" has from 1 to ${PARTITIONS_PER_TOPIC_MAX} partitions, not ${partitions}`,
  );
}

/** Of grants; undefined: all of them. */
export function checkGrantedNames({
  topic,
  group,
}: {
  readonly topic?: string | undefined;
  readonly group?: string | undefined;
}): void {
  if (topic !== undefined) checkTopicName(topic);
  if (group === '') throw new Error('a group has a name; leave it out to mean every group');
}
