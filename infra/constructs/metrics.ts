// AWS's own metrics as alarms and dashboard name them. None has a partition or a topic as its dimension: each
// combination of dimensions would be a custom metric, at $0.30 a month.

import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { FunctionName } from '../routes.ts';
import type { ApiMetrics } from './api.ts';
import type { LogStorage, TableName } from './log-storage.ts';
import { metricsNamespace } from './metrics-namespace.ts';
import type { StratalogFunction } from './stratalog-function.ts';

/** What alarms and dashboard look at. */
export interface Observed {
  readonly functions: Readonly<Record<FunctionName, StratalogFunction>>;
  /** The background jobs, by the names that their reports have. */
  readonly jobs: Readonly<Record<string, StratalogFunction>>;
  readonly api: ApiMetrics;
  readonly storage: LogStorage;
  readonly deadLetters: IQueue;
}

/** A metric of one table: what it counts over a period. */
export function tableMetric(storage: LogStorage, table: TableName, metricName: string): Metric {
  return new Metric({
    namespace: 'AWS/DynamoDB',
    metricName,
    dimensionsMap: { TableName: storage.tables[table].tableName },
    statistic: 'Sum',
  });
}

/** A number of a job's report: $0.30 a month each, and there are some thirty. */
export function jobMetric(storage: LogStorage, job: string, number: string): Metric {
  return ownMetric(storage, `${job}.${number}`);
}

/** A metric that the functions themselves tell, as log lines. */
export function ownMetric(storage: LogStorage, metricName: string): Metric {
  return new Metric({ namespace: metricsNamespace(storage), metricName, statistic: 'Sum' });
}
