// The whole log as one construct, for this project's own stack and for anybody else's: what is stored first, then the
// paths of data over it, the API in front, and what watches them. Construct ids are a contract (see log-storage).

import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  type IVpc,
} from 'aws-cdk-lib/aws-ec2';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { Api, Auth } from './constructs/api.ts';
import { AppendPath } from './constructs/append-path.ts';
import { BackgroundPath } from './constructs/background-path.ts';
import { GroupPath } from './constructs/group-path.ts';
import { HttpApi } from './constructs/http-api.ts';
import { LogStorage } from './constructs/log-storage.ts';
import { Observability } from './constructs/observability.ts';
import { ReadPath } from './constructs/read-path.ts';
import { RestApi } from './constructs/rest-api.ts';
import type {
  AclOptions,
  FunctionContext,
  StratalogFunction,
} from './constructs/stratalog-function.ts';
import { TopicAdmin } from './constructs/topic-admin.ts';
import { consumeRoutes, type GrantedRoute, manageRoutes, produceRoutes } from './granted-routes.ts';
import type { FunctionName } from './routes.ts';
import { type StageConfig, stageConfig, type Throttle } from './stage-config.ts';

export interface StratalogProps {
  /** `dev` gives its data away when the stack is deleted; any other stage keeps them. */
  readonly stage: string;
  /** @default 'http' */
  readonly api?: 'http' | 'rest';
  /** Of WAF, for `api: 'rest'`. */
  readonly webAclArn?: string;
  /** @default { kind: 'iam' } */
  readonly auth?: Auth;
  /** Turns access lists on: who isn't a super user may do what they say, and nothing else. */
  readonly acls?: AclOptions;
  /** What a `Topic` of this log is configured with unless it says otherwise: `{ 'retention.ms': '86400000' }`. */
  readonly topicDefaults?: Readonly<Record<string, string>>;
  /** What becomes of bucket and tables when the stack is deleted; else what the stage says. */
  readonly removalPolicy?: RemovalPolicy;
  /** How far back data can be restored, 1 to 35 days. */
  readonly restoreWindow?: Duration;
  readonly logRetention?: RetentionDays;
  readonly throttle?: Throttle;
  /** Encrypts bucket and tables instead of the services' own keys. */
  readonly encryptionKey?: IKey;
  /** Traces sampled requests with X-Ray. @default false */
  readonly tracing?: boolean;
  /** An alarm rises when a group is further behind than this. @default none: only you know what is late */
  readonly lagAlarm?: Duration;
  /** Told when an alarm rises and when it falls. */
  readonly alarmTopic?: ITopic;
  /** Puts the functions into this network. They need a way to S3, DynamoDB and Lambda: `vpcEndpoints`, or its own. */
  readonly vpc?: IVpc;
  /** Makes those endpoints in `vpc`. @default false */
  readonly vpcEndpoints?: boolean;
}

export class Stratalog extends Construct {
  readonly storage: LogStorage;
  readonly topicDefaults: Readonly<Record<string, string>>;
  readonly api: Api;
  readonly topicAdmin: TopicAdmin;
  /** By verb: for the client that invokes them without the API. */
  readonly functionNames: Readonly<Record<FunctionName, string>>;
  /** The background jobs' functions: to run one by hand. */
  readonly jobNames: Readonly<Record<string, string>>;

  constructor(scope: Construct, id: string, props: StratalogProps) {
    super(scope, id);
    const config = configOf(props);
    if (props.acls !== undefined) checkAcls(props.acls);
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
    return this.#grant(grantee, produceRoutes({ topic }));
  }

  /** Lets it read this topic as a member of this group, or every topic as any. */
  grantConsume(grantee: IGrantable, topic?: string, group?: string): Grant {
    return this.#grant(grantee, consumeRoutes({ topic, group }));
  }

  /** Lets it create, change and delete this topic, or every topic. */
  grantManage(grantee: IGrantable, topic?: string): Grant {
    return this.#grant(grantee, manageRoutes({ topic }));
  }

  #grant(grantee: IGrantable, routes: readonly GrantedRoute[]): Grant {
    return Grant.addToPrincipal({
      grantee,
      actions: ['execute-api:Invoke'],
      resourceArns: routes.map(({ method, path }) => `${this.api.stageArn}/${method}${path}`),
    });
  }
}

function namesOf<Name extends string>(
  functions: Readonly<Record<Name, StratalogFunction>>,
): Readonly<Record<Name, string>> {
  const entries = Object.entries<StratalogFunction>(functions);
  const names = entries.map(([name, { lambda }]) => [name, lambda.functionName]);
  return Object.fromEntries(names);
}

/** Whoever turned access lists on without a super user would have shut everybody out, themselves included. */
function checkAcls({ superUsers, allowEveryoneIfNoAclFound = false }: AclOptions): void {
  if (superUsers.length === 0 && !allowEveryoneIfNoAclFound) {
    throw new Error('acls needs a super user: without one nobody could write the first entry');
  }
  const wrong = superUsers.find((principal) => !/^User:[^;]+$/.test(principal));
  if (wrong !== undefined) {
    throw new Error(`a super user is User:<name>, without a semicolon, not "${wrong}"`);
  }
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

/** S3 and DynamoDB by route, at no price; Lambda, for what is appended later (acks=0), by an interface. */
function addEndpoints(vpc: IVpc): void {
  vpc.addGatewayEndpoint('StratalogS3', { service: GatewayVpcEndpointAwsService.S3 });
  vpc.addGatewayEndpoint('StratalogDynamodb', { service: GatewayVpcEndpointAwsService.DYNAMODB });
  vpc.addInterfaceEndpoint('StratalogLambda', { service: InterfaceVpcEndpointAwsService.LAMBDA });
}
