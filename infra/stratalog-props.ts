// What may be said of a log when it is made.

import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Auth } from './constructs/api.ts';
import type { AclOptions } from './constructs/stratalog-function.ts';
import type { Throttle } from './stage-config.ts';

export interface StratalogProps {
  /** `dev` gives its data away when the stack is deleted; any other stage keeps them. */
  readonly stage: string;
  /** @default 'http' */
  readonly api?: 'http' | 'rest';
  /** Of WAF, for `api: 'rest'`. */
  readonly webAclArn?: string;
  /** @default { kind: 'iam' } */
  readonly auth?: Auth;
  /** Turns access lists on: who isn't a super user may do what they say, and nothing else. */
  readonly acls?: AclOptions;
  /** What a `Topic` of this log is configured with unless it says otherwise: `{ 'retention.ms': '86400000' }`. */
  readonly topicDefaults?: Readonly<Record<string, string>>;
  /** What becomes of bucket and tables when the stack is deleted; else what the stage says. */
  readonly removalPolicy?: RemovalPolicy;
  /** How far back data can be restored, 1 to 35 days. */
  readonly restoreWindow?: Duration;
  readonly logRetention?: RetentionDays;
  readonly throttle?: Throttle;
  /** Encrypts bucket and tables instead of the services' own keys. */
  readonly encryptionKey?: IKey;
  /** Traces sampled requests with X-Ray. @default false */
  readonly tracing?: boolean;
  /** An alarm rises when a group is further behind than this. @default none: only you know what is late */
  readonly lagAlarm?: Duration;
  /** Told when an alarm rises and when it falls. */
  readonly alarmTopic?: ITopic;
  /** Puts the functions into this network. They need a way to S3, DynamoDB and Lambda: `vpcEndpoints`, or its own. */
  readonly vpc?: IVpc;
  /** Makes those endpoints in `vpc`. @default false */
  readonly vpcEndpoints?: boolean;
}
