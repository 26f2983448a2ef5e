// The item of an index page, table `index`: a run of entries that was moved out of a head's tail, packed in one
// binary attribute. Attribute names and values: docs/formats/dynamodb.md.

import { decodeEntries, encodeEntries } from '../../log/entry-codec.ts';
import {
  type PartitionKey,
  pageBaseOffset,
  pageSortKey,
  partitionKeyText,
} from '../../log/keys.ts';
import type { Page } from '../../log/partition.ts';
import {
  bytesValue,
  type Item,
  numberValue,
  readBigint,
  readBytes,
  readNumber,
  readText,
  textValue,
} from './attributes.ts';

export function encodePage(partition: PartitionKey, page: Page): Record<string, Item[string]> {
  return {
    pk: textValue(partitionKeyText(partition)),
    sk: textValue(pageSortKey(page.baseOffset)),
    end: numberValue(page.endOffset),
    entries: bytesValue(encodeEntries(page.entries)),
    maxTime: numberValue(page.maxTimestampMs),
    bytesBefore: numberValue(page.bytesBefore),
  };
}

export function decodePage(item: Item): Page {
  return {
    baseOffset: pageBaseOffset(readText(item, 'sk')),
    endOffset: readBigint(item, 'end'),
    entries: decodeEntries(readBytes(item, 'entries')),
    maxTimestampMs: readNumber(item, 'maxTime'),
    bytesBefore: readNumber(item, 'bytesBefore'),
  };
}
