// The REST API: three and a half times the price of the HTTP API, for accounts that want a web ACL (WAF) in front, and
// for emulators that know no HTTP API. The same routes and functions; SigV4 only.

import { RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import {
  AccessLogFormat,
  AuthorizationType,
  EndpointType,
  RestApi as Gateway,
  LambdaIntegration,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigateway';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import { type FunctionName, servedRoutes } from '../routes.ts';
import { type Api, type ApiMetrics, type ApiProps, accessLogLine } from './api.ts';

const STAGE = 'live';
/** What is bytes both ways; everything else passes as text. */
const BINARY_MEDIA_TYPES = ['application/vnd.apache.kafka.record-batch'];

export interface RestApiProps extends ApiProps {
  readonly webAclArn?: string | undefined;
}

export class RestApi extends Construct implements Api {
  readonly url: string;
  readonly stageArn: string;
  readonly metrics: ApiMetrics;

  constructor(scope: Construct, id: string, props: RestApiProps) {
    super(scope, id);
    if (props.auth.kind !== 'iam') {
      throw new Error(
        "a REST API has no JWT authorizer: use api: 'http', or auth: { kind: 'iam' }",
      );
    }
    const gateway = this.#gateway(props);
    const integrations = new Map<FunctionName, LambdaIntegration>();
    for (const route of servedRoutes()) {
      const integration =
        integrations.get(route.function) ??
        new LambdaIntegration(props.functions[route.function].lambda, {
          scopePermissionToMethod: false,
        });
      integrations.set(route.function, integration);
      gateway.root
        .resourceForPath(route.path)
        .addMethod(route.method, integration, { authorizationType: AuthorizationType.IAM });
    }
    const stage = gateway.deploymentStage;
    if (props.webAclArn !== undefined) {
      new CfnWebACLAssociation(this, 'WebAcl', {
        resourceArn: stage.stageArn,
        webAclArn: props.webAclArn,
      });
    }
    const { region, urlSuffix } = Stack.of(this);
    this.url = `https://${gateway.restApiId}.execute-api.${region}.${urlSuffix}/${STAGE}`;
    this.stageArn = Stack.of(this).formatArn({
      service: 'execute-api',
      resource: gateway.restApiId,
      resourceName: STAGE,
    });
    this.metrics = {
      requests: stage.metricCount(),
      clientErrors: stage.metricClientError(),
      serverErrors: stage.metricServerError(),
      latencyP99: stage.metricLatency({ statistic: 'p99' }),
    };
  }

  #gateway({ config, webAclArn }: RestApiProps): Gateway {
    const gateway = new Gateway(this, 'Api', {
      endpointTypes: [EndpointType.REGIONAL],
      binaryMediaTypes: BINARY_MEDIA_TYPES,
      // API Gateway writes REST access logs in the name of one role for the whole account and region.
      cloudWatchRole: true,
      cloudWatchRoleRemovalPolicy: RemovalPolicy.RETAIN,
      deployOptions: {
        stageName: STAGE,
        throttlingRateLimit: config.throttle.ratePerSecond,
        throttlingBurstLimit: config.throttle.burst,
        accessLogDestination: new LogGroupLogDestination(
          new LogGroup(this, 'AccessLogs', {
            retention: config.logRetention,
            removalPolicy: RemovalPolicy.DESTROY,
          }),
        ),
        accessLogFormat: AccessLogFormat.custom(
          accessLogLine('$context.httpMethod $context.resourcePath', '$context.identity.userArn'),
        ),
      },
    });
    Validations.of(gateway).acknowledge(
      {
        id: 'AwsSolutions-APIG2',
        reason:
          'The functions check every request against the schemas that the OpenAPI document is made from.',
      },
      {
        id: 'AwsSolutions-APIG6',
        reason: 'Execution logs would hold payloads; the access log tells of every request.',
      },
      {
        id: 'AwsSolutions-COG4',
        reason: 'Callers are AWS identities that sign their requests (SigV4).',
      },
      {
        id: 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]',
        reason: "API Gateway's role for logs has no narrower policy that it would accept.",
      },
    );
    if (webAclArn === undefined) {
      Validations.of(gateway).acknowledge({
        id: 'AwsSolutions-APIG3',
        reason: "A web ACL is the account owner's choice: webAclArn.",
      });
    }
    return gateway;
  }
}
