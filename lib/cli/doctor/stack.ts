// The tables and the bucket of a stack, looked at with the caller's own rights.

import type { BucketFacts, Seen, TableFacts } from '../../storage/aws/inspect.ts';
import { type Check, failed, ok, skipped, warning } from './check.ts';

export function checkTable(check: string, name: string, seen: Seen<TableFacts>): Check {
  if (seen.kind !== 'seen') return unseen(check, name, seen);
  const { status, isRestorable, isProtected } = seen;
  if (status !== 'ACTIVE') {
    return failed(check, `${name} is ${status}`, 'wait until it is ACTIVE, then look again');
  }
  if (!isRestorable) {
    return warning(
      check,
      `${name} is there, without point-in-time recovery`,
      'deploy the stack again: it turns it on',
    );
  }
  return ok(check, `${name} is there, restorable${isProtected ? ', protected' : ''}`);
}

export function checkBucket(check: string, name: string, seen: Seen<BucketFacts>): Check {
  if (seen.kind !== 'seen') return unseen(check, name, seen);
  if (!seen.isVersioned) {
    return warning(
      check,
      `${name} is there, without versions`,
      'deploy the stack again: without them the tables can be restored to a moment whose objects are gone',
    );
  }
  return ok(check, `${name} is there, with versions`);
}

function unseen(
  check: string,
  name: string,
  seen: Exclude<Seen<unknown>, { kind: 'seen' }>,
): Check {
  switch (seen.kind) {
    case 'missing':
      return failed(
        check,
        `${name} is not there (${seen.message})`,
        'was it deleted? Restore it (docs/OPERATIONS.md, backup and restore); else check the region',
      );
    case 'denied':
      return skipped(check, `not allowed to look (${seen.message})`);
    case 'failed':
      return failed(check, seen.message, 'check the region, the network, and AWS credentials');
  }
}
