// Read: the head or the index says where bytes are, S3 gives them.

import { Construct } from 'constructs';
import type { StorageRights } from './log-storage.ts';
import { type FunctionContext, StratalogFunction } from './stratalog-function.ts';

const READ_RECORDS: StorageRights = {
  tables: { topics: ['GetItem'], heads: ['BatchGetItem', 'GetItem'], index: ['Query'] },
  getObjects: ['wal/', 'log/'],
};

export class ReadPath extends Construct {
  readonly fetch: StratalogFunction;
  readonly listOffsets: StratalogFunction;

  constructor(scope: Construct, id: string, context: FunctionContext) {
    super(scope, id);
    this.fetch = new StratalogFunction(this, 'Fetch', {
      context,
      bundle: 'fetch',
      guarded: true,
      description: 'Stratalog: reads records',
      // 64 MiB of ranges are kept warm, an answer of 4.5 MB stands as bytes, JSON and base64 at once, and what is
      // decompressed for JSON wants a good part of a processor.
      memoryMib: 1_024,
      // A reader waits up to 20 s for records; what is left is for reading them, below API Gateway's 29 s.
      timeoutSeconds: 28,
      rights: READ_RECORDS,
    });
    this.listOffsets = new StratalogFunction(this, 'ListOffsets', {
      context,
      bundle: 'list-offsets',
      guarded: true,
      description: 'Stratalog: finds offsets by time',
      // Looks up, hardly computes.
      memoryMib: 256,
      // A search by time takes some ten dependent look-ups and one object.
      timeoutSeconds: 15,
      rights: READ_RECORDS,
    });
  }
}
