// What the two kinds of API have in common: who may call, who is granted what, and what is logged of a request.

import type { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { FunctionName } from '../routes.ts';
import type { StageConfig } from '../stage-config.ts';
import type { StratalogFunction } from './stratalog-function.ts';

/** Who may call: AWS identities by SigV4, or bearers of a token that the issuer signed for one of the audiences. */
export type Auth =
  | { readonly kind: 'iam' }
  | {
      readonly kind: 'jwt';
      readonly issuer: string;
      readonly audiences: readonly string[];
      /** The claim that says who asks, for access lists. @default 'sub' */
      readonly principalClaim?: string;
    };

export interface ApiProps {
  readonly functions: Readonly<Record<FunctionName, StratalogFunction>>;
  readonly auth: Auth;
  readonly config: StageConfig;
}

export interface Api {
  /** Without a slash at its end. */
  readonly url: string;
  /** Of `execute-api`, up to and with the stage; `/METHOD/path` follows. */
  readonly stageArn: string;
  readonly metrics: ApiMetrics;
}

export interface ApiMetrics {
  readonly requests: Metric;
  readonly clientErrors: Metric;
  readonly serverErrors: Metric;
  readonly latencyP99: Metric;
}

/** One line of the access log. No path, query or body: they name topics and groups, and hold records. */
export function accessLogLine(route: string, principal: string): string {
  return JSON.stringify({
    time: '$context.requestTime',
    requestId: '$context.requestId',
    route,
    status: '$context.status',
    principal,
    sourceIp: '$context.identity.sourceIp',
    latencyMs: '$context.responseLatency',
    functionMs: '$context.integrationLatency',
    answerBytes: '$context.responseLength',
    error: '$context.error.message',
  });
}
