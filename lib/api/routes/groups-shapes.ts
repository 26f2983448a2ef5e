// What the operations that show groups share: the REST Proxy's v3 frame of lists and links.

import * as z from 'zod';
import { encodePathName } from '../../path-name.ts';

export const GROUP_PATH = '/consumer-groups/{group_id}';
export const GROUP_ERRORS = [401, 403] as const;

export const metadataShape = z.looseObject({ self: z.string() });
export const relatedShape = z.object({ related: z.string() });

export function listShape<Item extends z.ZodType>(kind: string, item: Item) {
  return z.object({ kind: z.literal(kind), metadata: metadataShape, data: z.array(item) });
}

export function listJson(kind: string, self: string, data: readonly object[]): object {
  return { kind, metadata: { self, next: null }, data };
}

export function groupLink(base: string, groupId: string): string {
  return `${base}/consumer-groups/${encodePathName(groupId)}`;
}
