// Who asks, in Kafka's form `User:<name>`. The name of an AWS identity is its ARN without what changes from one session
// to the next and without IAM's path, which an assumed role's ARN doesn't tell:
//   arn:aws:iam::111122223333:user/team/alice                  → User:arn:aws:iam::111122223333:user/alice
//   arn:aws:sts::111122223333:assumed-role/orders/i-0abc       → User:arn:aws:iam::111122223333:role/orders
//   arn:aws:iam::111122223333:role/service/orders              → User:arn:aws:iam::111122223333:role/orders
// Names of users and roles are unique in an account whatever their path, so that nobody else gets the same principal.

import { type Rejected, rejected } from '../errors.ts';
import { PRINCIPAL_BYTES_MAX } from '../limits.ts';

const USER_PREFIX = 'User:';

/** Whoever could not be told: as Kafka calls a client of a listener without authentication. */
export const ANONYMOUS = 'User:ANONYMOUS';
/** In an entry: everybody, ANONYMOUS included. */
export const EVERYBODY = 'User:*';

const ASSUMED_ROLE = /^arn:([\w-]+):sts::(\d+):assumed-role\/([^/]+)(?:\/.*)?$/;
const WITH_PATH = /^(arn:[\w-]+:iam::\d+:(?:user|role))\/(?:.*\/)?([^/]+)$/;

/** The principal of this name: an ARN, the subject of a token. Nobody's name is `*`, which would be everybody's. */
export function principalNamed(name: string | undefined): string {
  if (name === undefined || name === '' || name === '*') return ANONYMOUS;
  return USER_PREFIX + canonicalName(name);
}

/** One form for each: what an entry, a filter or a super user says is compared with what a request says. */
export function parsePrincipal(
  text: string,
): { readonly kind: 'parsed'; readonly principal: string } | Rejected {
  const name = text.startsWith(USER_PREFIX) ? text.slice(USER_PREFIX.length) : '';
  if (name === '' || !name.isWellFormed()) {
    return rejected(
      'INVALID_REQUEST',
      `a principal is User:<name>, or User:* for everybody, not "${text.slice(0, 60)}"`,
    );
  }
  const principal = USER_PREFIX + canonicalName(name);
  const byteCount = new TextEncoder().encode(principal).length;
  if (byteCount <= PRINCIPAL_BYTES_MAX) return { kind: 'parsed', principal };
  return rejected(
    'INVALID_REQUEST',
    `a principal has at most ${PRINCIPAL_BYTES_MAX} bytes, not ${byteCount}`,
  );
}

function canonicalName(name: string): string {
  const [, partition, account, role] = ASSUMED_ROLE.exec(name) ?? [];
  if (role !== undefined) return `arn:${partition}:iam::${account}:role/${role}`;
  const [, owner, last] = WITH_PATH.exec(name) ?? [];
  return owner === undefined ? name : `${owner}/${last}`;
}
