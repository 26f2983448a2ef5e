// One page for the log: what goes in and out, how fast, what is refused, which table is busy, and what an hour costs.

import { Duration } from 'aws-cdk-lib';
import {
  GraphWidget,
  type IMetric,
  type IWidget,
  MathExpression,
  Metric,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { LogStorage, TableName } from './log-storage.ts';
import { jobMetric, type Observed, ownMetric, tableMetric } from './metrics.ts';

const WIDGET_WIDTH = 8;
const TABLES: readonly TableName[] = ['heads', 'index', 'groups', 'topics', 'producers'];
/** DynamoDB's, for one partition key. */
const HEAD_WRITE_UNITS_PER_SECOND_MAX = 1_000;

/** US dollars a million, by list price in us-east-1, late 2026, HTTP API, arm64. A trend; the invoice is what counts. */
const DOLLARS_A_MILLION = {
  apiRequest: 1,
  invocation: 0.2,
  gigabyteSecond: 13.3334,
  writeUnit: 0.625,
  readUnit: 0.125,
  objectPut: 5,
  objectGet: 0.4,
} as const;

export function dashboardWidgets(props: Observed): IWidget[][] {
  const { functions, api, storage, deadLetters } = props;
  const produce = functions.produce.lambda;
  const fetch = functions.fetch.lambda;
  const tables = (metricName: string) =>
    TABLES.map((name) => tableMetric(storage, name, metricName).with({ label: name }));
  return [
    [
      graph('Requests', [
        produce.metricInvocations({ label: 'appends' }),
        fetch.metricInvocations({ label: 'fetches' }),
        api.requests,
      ]),
      graph('Time, ms', [
        produce.metricDuration({ statistic: 'p50', label: 'append p50' }),
        produce.metricDuration({ statistic: 'p99', label: 'append p99' }),
        fetch.metricDuration({ statistic: 'p50', label: 'fetch p50' }),
        api.latencyP99,
      ]),
      graph('Errors', [
        api.serverErrors,
        api.clientErrors,
        produce.metricErrors({ label: 'append exceptions' }),
        deadLetters.metricApproximateNumberOfMessagesVisible({ label: 'dead letters' }),
        ownMetric(storage, 'LateAppendsDropped').with({ label: 'acks=0 dropped' }),
        ownMetric(storage, 'DamagedObjects').with({ label: 'damaged objects' }),
      ]),
    ],
    [
      graph('Throttles', [
        produce.metricThrottles({ label: 'append' }),
        fetch.metricThrottles({ label: 'fetch' }),
        tableMetric(storage, 'heads', 'WriteThrottleEvents').with({ label: 'writes of heads' }),
        tableMetric(storage, 'heads', 'ReadThrottleEvents').with({ label: 'reads of heads' }),
      ]),
      graph('Write units', tables('ConsumedWriteCapacityUnits')),
      graph('Read units', tables('ConsumedReadCapacityUnits')),
    ],
    [
      busiestHeadAtMost(props),
      graph('Write units an append', [unitsPerAppend(props)]),
      graph('Records of the fullest partition, times its topic’s mean', [
        jobMetric(storage, 'apply-retention', 'skew').with({
          statistic: 'Maximum',
          period: Duration.hours(1),
          label: 'key skew',
        }),
      ]),
    ],
    [
      new GraphWidget({
        title: 'Lag of the group furthest behind',
        left: [worstLag(storage, 'lagSeconds').with({ label: 'seconds' })],
        right: [worstLag(storage, 'lagRecords').with({ label: 'records' })],
        width: WIDGET_WIDTH,
      }),
      graph('Dollars an hour, by list price', [dollarsPerHour(props)]),
      graph('Background, bytes', [
        jobMetric(storage, 'build-segments', 'sizeBytes').with({ label: 'merged' }),
        jobMetric(storage, 'apply-retention', 'sizeBytes').with({ label: 'let go' }),
        jobMetric(storage, 'collect-garbage', 'walBytes').with({ label: 'WAL garbage' }),
        jobMetric(storage, 'collect-garbage', 'segmentBytes').with({ label: 'segment garbage' }),
      ]),
    ],
  ];
}

function graph(title: string, left: IMetric[]): GraphWidget {
  return new GraphWidget({ title, left, width: WIDGET_WIDTH });
}

/** Which group it is, the job's log line says. */
function worstLag(storage: LogStorage, number: string): Metric {
  return jobMetric(storage, 'watch-groups', number).with({ statistic: 'Maximum' });
}

/** Below the line no partition is near its limit; above it one may be, and Contributor Insights names it when it is. */
function busiestHeadAtMost({ storage }: Observed): GraphWidget {
  const perSecond = new MathExpression({
    expression: 'units / PERIOD(units)',
    usingMetrics: { units: tableMetric(storage, 'heads', 'ConsumedWriteCapacityUnits') },
    period: Duration.minutes(1),
    label: 'all heads',
  });
  return new GraphWidget({
    title: 'Write units a second of all heads, and what one head can take',
    left: [perSecond],
    leftAnnotations: [{ value: HEAD_WRITE_UNITS_PER_SECOND_MAX, label: 'one head' }],
    width: WIDGET_WIDTH,
  });
}

/** DynamoDB charges for the size of the whole head: a number that grows tells of tails that aren't rolled. */
function unitsPerAppend({ storage }: Observed): IMetric {
  const appends = new Metric({
    namespace: 'AWS/DynamoDB',
    metricName: 'SuccessfulRequestLatency',
    dimensionsMap: { TableName: storage.tables.heads.tableName, Operation: 'UpdateItem' },
    statistic: 'SampleCount',
  });
  const units = tableMetric(storage, 'heads', 'ConsumedWriteCapacityUnits');
  return new MathExpression({
    expression: 'units / appends',
    usingMetrics: { units, appends },
    label: 'units an append',
  });
}

/** An append counts as one PUT, a fetch as one GET; storage, transfer and logs are left out. */
function dollarsPerHour({ functions, jobs, api, storage }: Observed): IMetric {
  const priced: [Metric, number][] = [
    [api.requests.with({ statistic: 'SampleCount' }), DOLLARS_A_MILLION.apiRequest],
    [functions.produce.lambda.metricInvocations(), DOLLARS_A_MILLION.objectPut],
    [functions.fetch.lambda.metricInvocations(), DOLLARS_A_MILLION.objectGet],
  ];
  for (const { lambda, memoryMib } of [...Object.values(functions), ...Object.values(jobs)]) {
    const perMs = (DOLLARS_A_MILLION.gigabyteSecond * memoryMib) / 1_024 / 1_000;
    priced.push([lambda.metricInvocations(), DOLLARS_A_MILLION.invocation]);
    priced.push([lambda.metricDuration({ statistic: 'Sum' }), perMs]);
  }
  for (const table of TABLES) {
    const units = (metricName: string) => tableMetric(storage, table, metricName);
    priced.push([units('ConsumedWriteCapacityUnits'), DOLLARS_A_MILLION.writeUnit]);
    priced.push([units('ConsumedReadCapacityUnits'), DOLLARS_A_MILLION.readUnit]);
  }
  const terms = priced.map(([metric, price], index) => ({ name: `m${index}`, metric, price }));
  return new MathExpression({
    // A metric without data would leave the whole sum without any.
    expression: `(${terms.map(({ name, price }) => `FILL(${name}, 0) * ${price.toFixed(6)}`).join(' + ')}) / 1000000`,
    usingMetrics: Object.fromEntries(terms.map(({ name, metric }) => [name, metric])),
    period: Duration.hours(1),
    label: 'dollars an hour',
  });
}
