// Of the metrics that a log's functions tell: another one for each stack, so that no log's alarms rise for another's.

import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

export function metricsNamespace(scope: Construct): string {
  return `Stratalog/${Stack.of(scope).stackName}`;
}
