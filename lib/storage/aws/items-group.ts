// The item of a group, table `groups`. The state is one text, because it is read and written whole; beside it stand
// the few things that conditions and lists look at. Attribute names and values: docs/formats/dynamodb.md.

import { required } from '../../assert.ts';
import { decodeGroup, encodeGroup } from '../../group/codec.ts';
import type { GroupState, GroupStatus } from '../../group/state.ts';
import type { GroupListing } from '../../ports/group-store.ts';
import { type Item, numberValue, readNumber, readText, textValue } from './attributes.ts';

export const GROUP_SORT_KEY = 'GROUP';
const STATUSES: readonly GroupStatus[] = ['active', 'deleting', 'deleted'];

/** The key of anything of a group. */
export interface GroupItemKey extends Record<string, { S: string }> {
  readonly group: { S: string };
  readonly sk: { S: string };
}

export function groupItemKey(groupId: string, sortKey: string): GroupItemKey {
  return { group: textValue(groupId), sk: textValue(sortKey) };
}

export function encodeGroupItem(group: GroupState): Record<string, Item[string]> {
  return {
    ...groupItemKey(group.groupId, GROUP_SORT_KEY),
    version: numberValue(group.version),
    status: textValue(group.status),
    members: numberValue(group.members.size),
    state: textValue(encodeGroup(group)),
  };
}

export function decodeGroupItem(item: Item): GroupState {
  return decodeGroup(readText(item, 'state'));
}

/** What a list shows, without the state. */
export function decodeGroupListing(item: Item): GroupListing {
  const stored = readText(item, 'status');
  const status = STATUSES.find((known) => known === stored);
  return {
    groupId: readText(item, 'group'),
    status: required(status, `group status "${stored}"`),
    memberCount: readNumber(item, 'members'),
  };
}
