// Append: a produce request is checked, put into the bucket as one object, and named by its partitions' heads. Producers
// that want each batch exactly once take an id first.

import { Duration, Validations } from 'aws-cdk-lib';
import { Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ASYNC_EVENT_AGE_MS_MAX, ASYNC_EVENT_RETRIES_MAX } from '../../lib/limits.ts';
import { type FunctionContext, StratalogFunction } from './stratalog-function.ts';

export interface AppendPathProps {
  readonly context: FunctionContext;
  /** Called when much waits in a partition to be merged. */
  readonly merging: IFunction;
}

export class AppendPath extends Construct {
  readonly produce: StratalogFunction;
  readonly transactions: StratalogFunction;
  /** Produce requests that were acknowledged before they were stored (acks=0), and could not be stored. */
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, { context, merging }: AppendPathProps) {
    super(scope, id);
    this.produce = new StratalogFunction(this, 'Produce', {
      context,
      bundle: 'produce',
      guarded: true,
      description: 'Stratalog: appends records',
      // It waits for S3 nearly all its time; the memory is for a 6 MB request, once as base64 and once as bytes.
      memoryMib: 512,
      // Below API Gateway's 29 s, so that whoever waits hears from the function; above the storage's own timeouts.
      timeoutSeconds: 25,
      rights: {
        tables: {
          topics: ['GetItem'],
          heads: ['BatchGetItem', 'GetItem', 'UpdateItem'],
          index: ['GetItem', 'PutItem', 'Query'],
        },
        putObjects: ['wal/'],
        // The nonce of an object that is already there tells an own retry from a redelivery.
        getObjects: ['wal/'],
      },
      environment: { STRATALOG_MERGE_FUNCTION: merging.functionName },
    });
    const { lambda, role } = this.produce;
    this.deadLetters = deadLetterQueue(this, context);
    lambda.configureAsyncInvoke({
      maxEventAge: Duration.millis(ASYNC_EVENT_AGE_MS_MAX),
      retryAttempts: ASYNC_EVENT_RETRIES_MAX,
      onFailure: new SqsDestination(this.deadLetters),
    });
    this.transactions = new StratalogFunction(this, 'Transactions', {
      context,
      bundle: 'transactions',
      guarded: true,
      description: 'Stratalog: gives out producer ids, runs transactions',
      // As the produce function: it stages what that appends, and a commit waits for busy heads.
      memoryMib: 512,
      timeoutSeconds: 25,
      rights: {
        tables: {
          // With a transaction its topics are read.
          topics: ['BatchGetItem', 'GetItem'],
          producers: ['BatchGetItem', 'GetItem', 'PutItem', 'UpdateItem'],
          heads: ['BatchGetItem', 'GetItem', 'UpdateItem'],
          index: ['PutItem'],
          groups: ['UpdateItem'],
        },
        putObjects: ['wal/'],
        getObjects: ['wal/'],
      },
    });
    // A policy of its own, because a function waits for its role's: in there its own name would be a circle.
    new Policy(this, 'Invoke', {
      roles: [role],
      statements: [
        new PolicyStatement({
          actions: ['lambda:InvokeFunction'],
          resources: [lambda.functionArn, merging.functionArn],
        }),
      ],
    });
  }
}

function deadLetterQueue(scope: Construct, { config }: FunctionContext): Queue {
  const queue = new Queue(scope, 'DeadLetters', {
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
    removalPolicy: config.dataRemoval,
  });
  Validations.of(queue).acknowledge({
    id: 'AwsSolutions-SQS3',
    reason: 'It is the dead-letter queue; an alarm watches it.',
  });
  return queue;
}
