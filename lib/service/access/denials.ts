// What access lists refuse, told to whoever answers for the log: one line a refusal, with who wanted to do what with
// which resource, and nothing else of the request. A caller that tries again and again can't make it dear: a process
// tells of the same refusal once in a while only, and of so many at most; the next line says how many it left out.

import type { AclOperation, ResourceType } from '../../access/acl.ts';
import { DENIALS_TOLD_EVERY_MS, DENIALS_TOLD_MAX } from '../../limits.ts';
import type { Clock } from '../../ports/environment.ts';

export interface Denial {
  readonly principal: string;
  readonly operation: AclOperation;
  readonly resourceType: ResourceType;
  readonly resourceName: string;
}

export type TellDenial = (denial: Denial) => void;

/** What of a name is told; topics, groups and roles have shorter ones. */
const NAME_CHARACTERS_MAX = 300;

/** `write` gets lines of JSON, without their end. */
export function createDenialLog(
  clock: Pick<Clock, 'nowMs'>,
  write: (line: string) => void,
): TellDenial {
  let endsAtMs = 0;
  let leftOut = 0;
  const told = new Set<string>();
  return ({ principal, operation, resourceType, resourceName }) => {
    const nowMs = clock.nowMs();
    if (nowMs >= endsAtMs) {
      endsAtMs = nowMs + DENIALS_TOLD_EVERY_MS;
      told.clear();
    }
    const denial = {
      principal: principal.slice(0, NAME_CHARACTERS_MAX),
      operation,
      resource_type: resourceType,
      resource_name: resourceName.slice(0, NAME_CHARACTERS_MAX),
    };
    const text = JSON.stringify(denial);
    if (told.has(text) || told.size >= DENIALS_TOLD_MAX) {
      leftOut += 1;
      return;
    }
    told.add(text);
    const time = new Date(nowMs).toISOString();
    write(JSON.stringify({ level: 'warn', time, audit: 'denied', ...denial, left_out: leftOut }));
    leftOut = 0;
  };
}
