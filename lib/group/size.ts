// How large a group may become: all of it is in one item, and a member is told no more than that item holds.

import { type Rejected, rejected } from '../errors.ts';
import { GROUP_BYTES_MAX } from '../limits.ts';
import { encodeGroup } from './codec.ts';
import type { GroupState } from './state.ts';

/** Why a group can't become this: GROUP_MAX_SIZE_REACHED; undefined where it can. */
export function tooLarge(state: GroupState): Rejected | undefined {
  const bytes = Buffer.byteLength(encodeGroup(state));
  if (bytes <= GROUP_BYTES_MAX) return undefined;
  return rejected(
    'GROUP_MAX_SIZE_REACHED',
    `group ${state.groupId} would take ${bytes} bytes, at most ${GROUP_BYTES_MAX}: subscribe to fewer topics, all members to the same ones or by a regular expression, or use several groups`,
  );
}
