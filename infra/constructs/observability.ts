// Alarms for what needs a person, and the dashboard. What to do when one rises is in docs/OPERATIONS.md.

import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  Dashboard,
  type Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { dashboardWidgets } from './dashboard.ts';
import { jobMetric, type Observed, ownMetric, tableMetric } from './metrics.ts';

const PERIOD = Duration.minutes(1);
/** The rarest job runs once an hour. */
const JOB_PERIOD = Duration.hours(1);
/** An append takes 35–105 ms at the median, and S3's own p99 is 200 ms. */
const APPEND_P99_MS_MAX = 1_000;

export interface ObservabilityProps extends Observed {
  /** Told when an alarm rises and when it falls. */
  readonly alarmTopic?: ITopic | undefined;
  /** How far a group may be behind. */
  readonly lagAlarm?: Duration | undefined;
}

interface AlarmRule {
  readonly id: string;
  readonly description: string;
  readonly metric: Metric;
  /** The alarm rises above it. */
  readonly threshold: number;
  /** In as many periods of the last five. */
  readonly periods: number;
}

export class Observability extends Construct {
  constructor(scope: Construct, id: string, props: ObservabilityProps) {
    super(scope, id);
    const lag = props.lagAlarm === undefined ? [] : [lagRule(props, props.lagAlarm)];
    for (const rule of [...alarmRules(props), ...jobRules(props), ...lag])
      this.#alarm(rule, props.alarmTopic);
    new Dashboard(this, 'Dashboard', { widgets: dashboardWidgets(props) });
  }

  #alarm(rule: AlarmRule, topic: ITopic | undefined): void {
    const alarm = new Alarm(this, rule.id, {
      alarmDescription: rule.description,
      metric: rule.metric,
      threshold: rule.threshold,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 5,
      datapointsToAlarm: rule.periods,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    if (topic === undefined) return;
    alarm.addAlarmAction(new SnsAction(topic));
    alarm.addOkAction(new SnsAction(topic));
  }
}

/** Plain metrics: what a function throws and what is throttled ends in the API's 5xx too, and is told apart here. */
function alarmRules(props: Observed): readonly AlarmRule[] {
  const { functions, api, storage, deadLetters } = props;
  const produce = functions.produce.lambda;
  const fetch = functions.fetch.lambda;
  return [
    {
      id: 'ServerErrors',
      description: 'Requests end in 5xx, minute after minute.',
      metric: api.serverErrors.with({ statistic: 'Sum', period: PERIOD }),
      threshold: 0,
      periods: 3,
    },
    {
      id: 'SlowAppends',
      description: `One append in a hundred takes longer than ${APPEND_P99_MS_MAX} ms.`,
      metric: produce.metricDuration({ statistic: 'p99', period: PERIOD }),
      threshold: APPEND_P99_MS_MAX,
      periods: 5,
    },
    {
      id: 'AppendsThrottled',
      description: 'Lambda refuses appends: the concurrency of the account is used up.',
      metric: produce.metricThrottles({ period: PERIOD }),
      threshold: 0,
      periods: 3,
    },
    {
      id: 'FetchesThrottled',
      description: 'Lambda refuses fetches: the concurrency of the account is used up.',
      metric: fetch.metricThrottles({ period: PERIOD }),
      threshold: 0,
      periods: 3,
    },
    {
      id: 'DeadLetters',
      description: 'Records that were acknowledged with acks=0 could not be stored.',
      metric: deadLetters.metricApproximateNumberOfMessagesVisible({ period: PERIOD }),
      threshold: 0,
      periods: 1,
    },
    {
      id: 'LateAppendsDropped',
      description: 'Records that were acknowledged with acks=0 were refused afterwards.',
      metric: ownMetric(storage, 'LateAppendsDropped').with({ period: PERIOD }),
      threshold: 0,
      periods: 1,
    },
    {
      id: 'HotPartitions',
      description: 'DynamoDB throttles writes to heads: a partition is at its limit.',
      metric: tableMetric(storage, 'heads', 'WriteThrottleEvents').with({ period: PERIOD }),
      threshold: 0,
      periods: 3,
    },
    {
      id: 'HotReads',
      description: 'DynamoDB throttles reads of heads: too many readers poll one partition.',
      metric: tableMetric(storage, 'heads', 'ReadThrottleEvents').with({ period: PERIOD }),
      threshold: 0,
      periods: 3,
    },
  ];
}

function lagRule({ storage }: Observed, lag: Duration): AlarmRule {
  return {
    id: 'Lag',
    description: `A consumer group is more than ${lag.toHumanString()} behind.`,
    metric: jobMetric(storage, 'watch-groups', 'lagSeconds').with({
      statistic: 'Maximum',
      period: Duration.minutes(5),
    }),
    threshold: lag.toSeconds(),
    periods: 3,
  };
}

/** A run that fails is made up for by the next; one after the other that fails is not. */
function jobRules({ jobs, storage }: Observed): readonly AlarmRule[] {
  const failing = Object.entries(jobs).map(([job, { lambda }]) => ({
    id: `Failing-${job}`,
    description: `The job ${job} fails, run after run.`,
    metric: lambda.metricErrors({ period: JOB_PERIOD }),
    threshold: 0,
    periods: 3,
  }));
  return [
    ...failing,
    {
      id: 'PartitionsFail',
      description: 'Background jobs run, and fail at some partitions, hour after hour.',
      metric: ownMetric(storage, 'JobFailures').with({ period: JOB_PERIOD }),
      threshold: 0,
      periods: 3,
    },
    {
      id: 'Damaged',
      description: 'Objects are not what the index says: background work stands still there.',
      metric: ownMetric(storage, 'DamagedObjects').with({ period: JOB_PERIOD }),
      threshold: 0,
      periods: 1,
    },
  ];
}
