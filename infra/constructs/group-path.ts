// Groups: a function a verb. Any of them may have to do the coordinator's work (evict, reassign, publish), which is why
// most may change any item of the groups table; none may touch records.

import { Construct } from 'constructs';
import type { StorageRights, TableVerb } from './log-storage.ts';
import { type FunctionContext, StratalogFunction } from './stratalog-function.ts';

/** The coordinator's work on groups and members. */
const COORDINATE: readonly TableVerb[] = [
  'DeleteItem',
  'GetItem',
  'PutItem',
  'Query',
  'UpdateItem',
];
/** By name, and all of them for subscriptions by pattern. */
const LOOK_UP_TOPICS: readonly TableVerb[] = ['GetItem', 'Scan'];
const READ_HEADS: readonly TableVerb[] = ['BatchGetItem', 'GetItem'];

const MEMBERSHIP: StorageRights = { tables: { groups: COORDINATE, topics: LOOK_UP_TOPICS } };

/** The memory is for a group of a thousand members, some 400 KB of items: it looks up and hardly computes. */
const MEMORY_MIB = 256;
/** A lost race is worked out anew some dozens of times; a client waits about as long before it tries another way. */
const TIMEOUT_SECONDS = 15;

export class GroupPath extends Construct {
  readonly join: StratalogFunction;
  readonly heartbeat: StratalogFunction;
  readonly leave: StratalogFunction;
  readonly commit: StratalogFunction;
  readonly fetchOffsets: StratalogFunction;
  readonly groups: StratalogFunction;

  constructor(scope: Construct, id: string, context: FunctionContext) {
    super(scope, id);
    const make = (
      name: string,
      props: { readonly bundle: string; readonly does: string; readonly rights: StorageRights },
    ) =>
      new StratalogFunction(this, name, {
        context,
        bundle: props.bundle,
        guarded: true,
        description: `Stratalog: ${props.does}`,
        memoryMib: MEMORY_MIB,
        timeoutSeconds: TIMEOUT_SECONDS,
        rights: props.rights,
      });
    this.join = make('Join', { bundle: 'join', does: 'takes members in', rights: MEMBERSHIP });
    this.heartbeat = make('Heartbeat', {
      bundle: 'heartbeat',
      does: 'keeps members and hands partitions over',
      rights: MEMBERSHIP,
    });
    this.leave = make('Leave', { bundle: 'leave', does: 'lets members go', rights: MEMBERSHIP });
    this.commit = make('Commit', {
      bundle: 'commit',
      does: 'claims partitions and commits offsets',
      rights: {
        tables: {
          groups: [...COORDINATE, 'ConditionCheckItem'],
          topics: LOOK_UP_TOPICS,
          heads: READ_HEADS,
        },
      },
    });
    this.fetchOffsets = make('FetchOffsets', {
      bundle: 'fetch-offsets',
      does: 'shows and resets committed offsets',
      rights: {
        tables: {
          groups: [...COORDINATE, 'ConditionCheckItem'],
          topics: LOOK_UP_TOPICS,
          heads: READ_HEADS,
          index: ['Query'],
        },
        // A reset to a moment looks for it in the records.
        getObjects: ['wal/', 'log/'],
      },
    });
    this.groups = make('Groups', {
      bundle: 'groups',
      does: 'shows groups and their lag, deletes groups',
      rights: {
        tables: {
          groups: [...COORDINATE, 'Scan'],
          topics: LOOK_UP_TOPICS,
          heads: READ_HEADS,
          index: ['Query'],
        },
      },
    });
  }
}
