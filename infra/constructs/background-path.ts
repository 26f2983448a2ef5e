// Background: pages become segments, what is too old goes, logs are compacted, garbage is collected. Nothing waits for
// these jobs: one that fails or is not run is made up for by the next run.

import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import { ASYNC_EVENT_AGE_MS_MAX } from '../../lib/limits.ts';
import type { StorageRights } from './log-storage.ts';
import { type FunctionContext, StratalogFunction } from './stratalog-function.ts';

/** Lambda's own limit; a job ends before it and the next run goes on. */
const TIMEOUT_SECONDS = 900;

interface Job {
  readonly bundle: string;
  readonly does: string;
  readonly memoryMib: number;
  /** An idle run reads every topic and head once: the price of a quiet log. */
  readonly every: Duration;
  readonly rights: StorageRights;
  readonly guarded?: boolean;
}

export class BackgroundPath extends Construct {
  readonly buildSegments: StratalogFunction;
  readonly applyRetention: StratalogFunction;
  readonly compactLog: StratalogFunction;
  readonly collectGarbage: StratalogFunction;
  readonly watchGroups: StratalogFunction;

  constructor(scope: Construct, id: string, context: FunctionContext) {
    super(scope, id);
    this.buildSegments = this.#job(context, 'BuildSegments', {
      bundle: 'build-segments',
      does: 'merges pages into segments',
      // Sixteen partitions with a part of 5 MiB each, two windows of 16 MiB, and a processor to copy with.
      memoryMib: 1_024,
      // Appends call it when 256 MiB wait; this is for what grows old.
      every: Duration.minutes(15),
      rights: {
        tables: {
          topics: ['Scan'],
          heads: ['BatchGetItem', 'GetItem', 'UpdateItem'],
          index: ['BatchWriteItem', 'DeleteItem', 'GetItem', 'PutItem', 'Query', 'UpdateItem'],
        },
        getObjects: ['wal/', 'log/'],
        uploadObjects: ['log/'],
      },
    });
    this.applyRetention = this.#job(context, 'ApplyRetention', {
      bundle: 'apply-retention',
      does: 'lets go what is too old or too much',
      memoryMib: 256,
      every: Duration.hours(1),
      rights: {
        tables: {
          topics: ['Scan'],
          heads: ['BatchGetItem', 'GetItem', 'UpdateItem'],
          index: ['ConditionCheckItem', 'DeleteItem', 'GetItem', 'PutItem', 'Query'],
        },
      },
    });
    this.compactLog = this.#job(context, 'CompactLog', {
      bundle: 'compact-log',
      does: 'keeps the latest record of each key',
      // Four million keys of 30 bytes, two windows of 16 MiB, and batches that are opened.
      memoryMib: 2_048,
      every: Duration.minutes(15),
      rights: {
        tables: {
          topics: ['Scan'],
          heads: ['BatchGetItem', 'GetItem'],
          index: ['ConditionCheckItem', 'DeleteItem', 'GetItem', 'PutItem', 'Query', 'UpdateItem'],
        },
        getObjects: ['log/'],
        uploadObjects: ['log/'],
      },
    });
    this.collectGarbage = this.#job(context, 'CollectGarbage', {
      bundle: 'collect-garbage',
      does: 'deletes what nothing names any more',
      memoryMib: 512,
      every: Duration.hours(1),
      rights: {
        tables: {
          topics: ['DeleteItem', 'PutItem', 'Scan'],
          // A deletion that its deleter didn't finish ends here.
          heads: ['BatchGetItem', 'BatchWriteItem', 'GetItem', 'Scan', 'UpdateItem'],
          index: ['BatchWriteItem', 'DeleteItem', 'GetItem', 'PutItem', 'Query', 'UpdateItem'],
        },
        deleteObjects: ['wal/', 'log/'],
      },
    });
    this.watchGroups = this.#job(context, 'WatchGroups', {
      bundle: 'watch-groups',
      // It may hand partitions out, of what each member's regex may match.
      guarded: true,
      does: 'sees to groups that nobody is left in, and how far groups are behind',
      memoryMib: 256,
      // What an alarm on lag waits for; some six reads a group.
      every: Duration.minutes(5),
      rights: {
        tables: {
          groups: ['DeleteItem', 'GetItem', 'PutItem', 'Query', 'Scan', 'UpdateItem'],
          topics: ['GetItem', 'Scan'],
          heads: ['BatchGetItem', 'GetItem'],
          index: ['Query'],
        },
      },
    });
  }

  #job(context: FunctionContext, name: string, job: Job): StratalogFunction {
    const made = new StratalogFunction(this, name, {
      context,
      bundle: job.bundle,
      description: `Stratalog: ${job.does}`,
      memoryMib: job.memoryMib,
      timeoutSeconds: TIMEOUT_SECONDS,
      rights: job.rights,
      guarded: job.guarded ?? false,
    });
    made.lambda.configureAsyncInvoke({
      maxEventAge: Duration.millis(ASYNC_EVENT_AGE_MS_MAX),
      retryAttempts: 0,
    });
    new Rule(this, `${name}Schedule`, {
      schedule: Schedule.rate(job.every),
      targets: [new LambdaTarget(made.lambda, { retryAttempts: 0 })],
    });
    return made;
  }
}
