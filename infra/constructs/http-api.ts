// The HTTP API: the cheaper kind, and the default. Every route, authorised by SigV4 or JWT, throttled, and logged
// without payloads, paths or queries, since those name topics and groups.

import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  HttpApi as Gateway,
  HttpMethod,
  HttpRoute,
  HttpRouteKey,
  HttpStage,
  type IHttpRouteAuthorizer,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer, HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { type FunctionName, servedRoutes } from '../routes.ts';
import { type Api, type ApiMetrics, type ApiProps, type Auth, accessLogLine } from './api.ts';

const STAGE = '$default';

export class HttpApi extends Construct implements Api {
  readonly url: string;
  readonly stageArn: string;
  readonly metrics: ApiMetrics;

  constructor(scope: Construct, id: string, { functions, auth, config }: ApiProps) {
    super(scope, id);
    const gateway = new Gateway(this, 'Api', { createDefaultStage: false });
    const stage = new HttpStage(this, 'Stage', {
      httpApi: gateway,
      stageName: STAGE,
      autoDeploy: true,
      throttle: { rateLimit: config.throttle.ratePerSecond, burstLimit: config.throttle.burst },
      accessLogSettings: {
        destination: new LogGroupLogDestination(
          new LogGroup(this, 'AccessLogs', {
            retention: config.logRetention,
            removalPolicy: RemovalPolicy.DESTROY,
          }),
        ),
        format: AccessLogFormat.custom(accessLogLine('$context.routeKey', principal(auth))),
      },
    });
    const authorizer = authorizerOf(auth);
    const integrations = new Map<FunctionName, HttpLambdaIntegration>();
    const integration = (name: FunctionName) => {
      const made =
        integrations.get(name) ??
        // One permission a function; which of the API's routes lead to it the routes say.
        new HttpLambdaIntegration(name, functions[name].lambda, { scopePermissionToRoute: false });
      integrations.set(name, made);
      return made;
    };
    for (const route of servedRoutes()) {
      new HttpRoute(this, `${route.method} ${route.path}`, {
        httpApi: gateway,
        routeKey: HttpRouteKey.with(route.path, HttpMethod[route.method]),
        integration: integration(route.function),
        authorizer,
      });
    }
    this.url = gateway.apiEndpoint;
    this.stageArn = Stack.of(this).formatArn({
      service: 'execute-api',
      resource: gateway.apiId,
      resourceName: STAGE,
    });
    this.metrics = {
      requests: stage.metricCount(),
      clientErrors: stage.metricClientError(),
      serverErrors: stage.metricServerError(),
      latencyP99: stage.metricLatency({ statistic: 'p99' }),
    };
  }
}

function authorizerOf(auth: Auth): IHttpRouteAuthorizer {
  if (auth.kind === 'iam') return new HttpIamAuthorizer();
  return new HttpJwtAuthorizer('Jwt', auth.issuer, { jwtAudience: [...auth.audiences] });
}

function principal(auth: Auth): string {
  return auth.kind === 'iam' ? '$context.identity.userArn' : '$context.authorizer.claims.sub';
}
