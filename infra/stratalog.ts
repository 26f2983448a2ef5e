// The whole log as one construct, for this project's own stack and for anybody else's: what is stored first, then the
// paths of data over it, the API in front, and what watches them. Construct ids are a contract (see log-storage).

import { Annotations, RemovalPolicy } from 'aws-cdk-lib';
import {
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  type IVpc,
} from 'aws-cdk-lib/aws-ec2';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { checkGrantedNames, checkProps } from './check-props.ts';
import type { Api } from './constructs/api.ts';
import { AppendPath } from './constructs/append-path.ts';
import { BackgroundPath } from './constructs/background-path.ts';
import { GroupPath } from './constructs/group-path.ts';
import { HttpApi } from './constructs/http-api.ts';
import { LogStorage } from './constructs/log-storage.ts';
import { Observability } from './constructs/observability.ts';
import { ReadPath } from './constructs/read-path.ts';
import { RestApi } from './constructs/rest-api.ts';
import type { FunctionContext, StratalogFunction } from './constructs/stratalog-function.ts';
import { TopicAdmin } from './constructs/topic-admin.ts';
import { consumeRoutes, type GrantedRoute, manageRoutes, produceRoutes } from './granted-routes.ts';
import type { FunctionName } from './routes.ts';
import { type StageConfig, stageConfig } from './stage-config.ts';
import type { StratalogProps } from './stratalog-props.ts';

export class Stratalog extends Construct {
  readonly storage: LogStorage;
  readonly topicDefaults: Readonly<Record<string, string>>;
  readonly api: Api;
  readonly topicAdmin: TopicAdmin;
  /** By verb: for the client that invokes them without the API. */
  readonly functionNames: Readonly<Record<FunctionName, string>>;
  readonly #hasAcls: boolean;
  /** The background jobs' functions: to run one by hand. */
  readonly jobNames: Readonly<Record<string, string>>;

  constructor(scope: Construct, id: string, props: StratalogProps) {
    super(scope, id);
    checkProps(props);
    const config = configOf(props);
    this.#hasAcls = props.acls !== undefined;
    this.topicDefaults = props.topicDefaults ?? {};
    this.storage = new LogStorage(this, 'Storage', {
      config,
      encryptionKey: props.encryptionKey,
    });
    const context: FunctionContext = {
      config,
      storage: this.storage,
      tracing: props.tracing ?? false,
      vpc: props.vpc,
      acls: props.acls,
      principalClaim: props.auth?.kind === 'jwt' ? props.auth.principalClaim : undefined,
    };
    const background = new BackgroundPath(this, 'Background', context);
    const append = new AppendPath(this, 'Append', {
      context,
      merging: background.buildSegments.lambda,
    });
    const read = new ReadPath(this, 'Read', context);
    const group = new GroupPath(this, 'Group', context);
    this.topicAdmin = new TopicAdmin(this, 'Admin', context);
    const functions = {
      produce: append.produce,
      transactions: append.transactions,
      fetch: read.fetch,
      'list-offsets': read.listOffsets,
      join: group.join,
      heartbeat: group.heartbeat,
      leave: group.leave,
      commit: group.commit,
      'fetch-offsets': group.fetchOffsets,
      groups: group.groups,
      topics: this.topicAdmin.topics,
      inspect: this.topicAdmin.inspect,
      acls: this.topicAdmin.acls,
      meta: this.topicAdmin.meta,
    };
    const jobs = {
      'build-segments': background.buildSegments,
      'apply-retention': background.applyRetention,
      'compact-log': background.compactLog,
      'collect-garbage': background.collectGarbage,
      'watch-groups': background.watchGroups,
    };
    this.functionNames = namesOf(functions);
    this.jobNames = namesOf(jobs);
    const apiProps = { functions, config, auth: props.auth ?? { kind: 'iam' } };
    this.api =
      props.api === 'rest'
        ? new RestApi(this, 'RestApi', { ...apiProps, webAclArn: props.webAclArn })
        : new HttpApi(this, 'HttpApi', apiProps);
    new Observability(this, 'Observability', {
      functions,
      jobs,
      api: this.api.metrics,
      storage: this.storage,
      deadLetters: append.deadLetters,
      alarmTopic: props.alarmTopic,
      lagAlarm: props.lagAlarm,
    });
    if (props.vpc !== undefined && props.vpcEndpoints === true) addEndpoints(props.vpc);
  }

  get url(): string {
    return this.api.url;
  }

  get bucket(): Bucket {
    return this.storage.bucket;
  }

  /** Lets it produce to this topic through the API, or to every topic. */
  grantProduce(grantee: IGrantable, topic?: string): Grant {
    checkGrantedNames({ topic });
    this.#tellOfEntries(grantee, `--producer --topic ${quoted(topic)}`);
    return this.#grant(grantee, produceRoutes({ topic }));
  }

  /** Lets it read this topic as a member of this group, or every topic as any. */
  grantConsume(grantee: IGrantable, topic?: string, group?: string): Grant {
    checkGrantedNames({ topic, group });
    const names = `--topic ${quoted(topic)} --group ${quoted(group)}`;
    this.#tellOfEntries(grantee, `--consumer ${names}`);
    return this.#grant(grantee, consumeRoutes({ topic, group }));
  }

  /** Lets it create, change and delete this topic, or every topic. */
  grantManage(grantee: IGrantable, topic?: string): Grant {
    checkGrantedNames({ topic });
    this.#tellOfEntries(grantee, `--operation All --topic ${quoted(topic)}`);
    return this.#grant(grantee, manageRoutes({ topic }));
  }

  /** A grant is IAM's; access lists are the log's own, and changed without a deployment. */
  #tellOfEntries(grantee: IGrantable, options: string): void {
    if (!this.#hasAcls) return;
    const scope = Construct.isConstruct(grantee) ? grantee : this;
    Annotations.of(scope).addWarningV2(
      'stratalog:grantNeedsAcls',
      `the log has access lists, which this grant writes nothing into; what it opens also needs: stratalog acls add --allow-principal 'User:<ARN of the role>' ${options}`,
    );
  }

  #grant(grantee: IGrantable, routes: readonly GrantedRoute[]): Grant {
    return Grant.addToPrincipal({
      grantee,
      actions: ['execute-api:Invoke'],
      resourceArns: routes.map(({ method, path }) => `${this.api.stageArn}/${method}${path}`),
    });
  }
}

function quoted(name: string | undefined): string {
  return name === undefined ? "'*'" : `'${name}'`;
}

function namesOf<Name extends string>(
  functions: Readonly<Record<Name, StratalogFunction>>,
): Readonly<Record<Name, string>> {
  const entries = Object.entries<StratalogFunction>(functions);
  const names = entries.map(([name, { lambda }]) => [name, lambda.functionName]);
  return Object.fromEntries(names);
}

/** What the stage says, and over it what the props say. */
function configOf(props: StratalogProps): StageConfig {
  const config = stageConfig(props.stage);
  const dataRemoval = props.removalPolicy ?? config.dataRemoval;
  return {
    ...config,
    dataRemoval,
    deletionProtection: dataRemoval !== RemovalPolicy.DESTROY,
    logRetention: props.logRetention ?? config.logRetention,
    restoreWindow: props.restoreWindow ?? config.restoreWindow,
    throttle: props.throttle ?? config.throttle,
  };
}

/**
 * S3 and DynamoDB by route, at no price; Lambda, for what is appended later (acks=0), by an interface. Another log in the
 * same network uses those that are there.
 */
function addEndpoints(vpc: IVpc): void {
  const { S3, DYNAMODB } = GatewayVpcEndpointAwsService;
  const isMissing = (id: string): boolean => vpc.node.tryFindChild(id) === undefined;
  if (isMissing('StratalogS3')) vpc.addGatewayEndpoint('StratalogS3', { service: S3 });
  if (isMissing('StratalogDynamodb')) {
    vpc.addGatewayEndpoint('StratalogDynamodb', { service: DYNAMODB });
  }
  if (isMissing('StratalogLambda')) {
    vpc.addInterfaceEndpoint('StratalogLambda', { service: InterfaceVpcEndpointAwsService.LAMBDA });
  }
}
