import { describe, expect, it } from 'vitest';
import { metricsOf } from '../../../functions/shared/job.ts';
import { metricLine } from '../../../functions/shared/metrics.ts';

describe('metricsOf', () => {
  it('takes numbers, and how long lists are', () => {
    const report = { segments: 2, failures: [{ message: 'a' }], damaged: [], ran: true };
    expect(metricsOf('merge', report)).toEqual({
      'merge.segments': 2,
      'merge.failures': 1,
      'merge.damaged': 0,
      JobFailures: 1,
    });
  });

  it('counts damaged objects under one name, whichever job met them, and only then', () => {
    const damaged = [{ offset: 1n }, { offset: 2n }];
    expect(metricsOf('compact', { damaged })).toEqual({
      'compact.damaged': 2,
      DamagedObjects: 2,
    });
  });
});

describe('metricLine', () => {
  it('is a line that CloudWatch takes metrics from, none with a dimension', () => {
    const line = metricLine({
      metrics: { LateAppendsDropped: 1 },
      details: { offset: 9_007_199_254_740_993n },
      nowMs: 1_700_000_000_000,
    });
    expect(line).not.toContain('\n');
    expect(JSON.parse(line)).toEqual({
      _aws: {
        Timestamp: 1_700_000_000_000,
        CloudWatchMetrics: [
          {
            Namespace: 'Stratalog',
            Dimensions: [[]],
            Metrics: [{ Name: 'LateAppendsDropped' }],
          },
        ],
      },
      LateAppendsDropped: 1,
      offset: '9007199254740993',
    });
  });
});
