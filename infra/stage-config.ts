// What differs between stages. Only the stage `dev` gives its data away when the stack is deleted; whatever else a
// stage is called, it keeps them.

import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';

export interface StageConfig {
  readonly stage: string;
  /** Of what holds data: bucket and tables. */
  readonly dataRemoval: RemovalPolicy;
  /** DynamoDB refuses to delete a table while it is on. */
  readonly deletionProtection: boolean;
  readonly logRetention: RetentionDays;
  /** How far back bucket and tables can be restored together: non-current objects, point-in-time recovery. */
  readonly restoreWindow: Duration;
  /** Requests to the API: sustained per second, and at once. */
  readonly throttle: Throttle;
}

export interface Throttle {
  readonly ratePerSecond: number;
  readonly burst: number;
}

const RETAINED = {
  dataRemoval: RemovalPolicy.RETAIN,
  deletionProtection: true,
  logRetention: RetentionDays.ONE_MONTH,
  restoreWindow: Duration.days(7),
  throttle: { ratePerSecond: 2_000, burst: 1_000 },
} as const;

const DISPOSABLE = {
  dataRemoval: RemovalPolicy.DESTROY,
  deletionProtection: false,
  logRetention: RetentionDays.ONE_WEEK,
  restoreWindow: Duration.days(1),
  throttle: { ratePerSecond: 200, burst: 200 },
} as const;

export function stageConfig(stage: string): StageConfig {
  return { stage, ...(stage === 'dev' ? DISPOSABLE : RETAINED) };
}
