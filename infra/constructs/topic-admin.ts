// Topics: made, changed, shown and deleted; and what is told of the log itself.

import { Construct } from 'constructs';
import type { StorageRights, TableVerb } from './log-storage.ts';
import { type FunctionContext, StratalogFunction } from './stratalog-function.ts';

const MANAGE_TOPICS: StorageRights = {
  tables: {
    topics: ['ConditionCheckItem', 'DeleteItem', 'GetItem', 'PutItem', 'Scan'],
    heads: [
      'BatchGetItem',
      'BatchWriteItem',
      'ConditionCheckItem',
      'DeleteItem',
      'GetItem',
      'PutItem',
      'UpdateItem',
    ],
  },
};

const MANAGE_ACLS: readonly TableVerb[] = ['DeleteItem', 'GetItem', 'Scan', 'UpdateItem'];

export class TopicAdmin extends Construct {
  readonly topics: StratalogFunction;
  readonly inspect: StratalogFunction;
  readonly acls: StratalogFunction;
  readonly meta: StratalogFunction;
  /** Called by CloudFormation for the construct `Topic`. */
  readonly ensureTopic: StratalogFunction;

  constructor(scope: Construct, id: string, context: FunctionContext) {
    super(scope, id);
    this.topics = new StratalogFunction(this, 'Topics', {
      context,
      bundle: 'topics',
      guarded: true,
      description: 'Stratalog: manages topics',
      memoryMib: 256,
      // A topic of 1,000 partitions takes eleven transactions, one after the other, and as many on deletion.
      timeoutSeconds: 25,
      rights: MANAGE_TOPICS,
    });
    this.ensureTopic = new StratalogFunction(this, 'EnsureTopic', {
      context,
      bundle: 'ensure-topic',
      description: 'Stratalog: ensures topics for CloudFormation',
      memoryMib: 256,
      // Nobody waits at a gateway; CloudFormation does, much longer.
      timeoutSeconds: 60,
      rights: MANAGE_TOPICS,
    });
    this.inspect = new StratalogFunction(this, 'Inspect', {
      context,
      bundle: 'inspect',
      guarded: true,
      description: 'Stratalog: shows what is stored',
      memoryMib: 512,
      // What would be deleted is looked for in 256 listings.
      timeoutSeconds: 28,
      rights: {
        tables: {
          topics: ['GetItem', 'Scan'],
          heads: ['BatchGetItem', 'GetItem'],
          index: ['GetItem', 'Query'],
        },
        listObjects: ['wal/', 'log/'],
      },
    });
    this.acls = new StratalogFunction(this, 'Acls', {
      context,
      bundle: 'acls',
      guarded: true,
      description: 'Stratalog: manages access lists',
      memoryMib: 256,
      // Reads all entries, and writes up to 99 of them a transaction.
      timeoutSeconds: 25,
      rights: context.acls === undefined ? {} : { tables: { acls: MANAGE_ACLS } },
    });
    this.meta = new StratalogFunction(this, 'Meta', {
      context,
      bundle: 'meta',
      description: 'Stratalog: health and OpenAPI document',
      memoryMib: 256,
      timeoutSeconds: 10,
      rights: {},
    });
  }
}
