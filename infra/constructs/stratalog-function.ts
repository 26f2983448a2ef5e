// One kind of function for all: runtime, architecture, bundle, logs, tracing, network. A path's construct says only
// what is its own: memory, timeout and rights, each with its reason.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  ApplicationLogLevel,
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { StageConfig } from '../stage-config.ts';
import type { LogStorage, StorageRights, TableVerb } from './log-storage.ts';
import { metricsNamespace } from './metrics-namespace.ts';

/** Written by `infra/bundle-functions.ts`; in the published package they lie beside the compiled constructs too. */
const BUNDLES = new URL('../bundles/', import.meta.url);

/** The entries, and the version that says whether they have changed. */
const READ_ACLS: readonly TableVerb[] = ['GetItem', 'Scan'];

/** What access lists say isn't all: who they don't concern, and what holds where they say nothing. */
export interface AclOptions {
  /**
   * Who may do everything, access lists included: `User:<name>`, for a role `User:` and its ARN. Without one nobody can
   * write the first entry.
   */
  readonly superUsers: readonly string[];
  /** Kafka's allow.everyone.if.no.acl.found: a resource that no entry is about is everybody's. @default false */
  readonly allowEveryoneIfNoAclFound?: boolean;
}

/** What all functions of a log share. */
export interface FunctionContext {
  readonly config: StageConfig;
  readonly storage: LogStorage;
  /** Traces sampled requests with X-Ray, at its price. */
  readonly tracing: boolean;
  readonly vpc?: IVpc | undefined;
  /** Undefined: everybody may do everything that the API lets in. */
  readonly acls?: AclOptions | undefined;
  /** Of tokens; undefined: `sub`. */
  readonly principalClaim?: string | undefined;
}

export interface StratalogFunctionProps {
  readonly context: FunctionContext;
  /** The bundle's name, which is the handler's file in `functions/`. */
  readonly bundle: string;
  readonly description: string;
  readonly memoryMib: number;
  readonly timeoutSeconds: number;
  readonly rights: StorageRights;
  /** Does what access lists let it, where they are on: for callers, or for members of groups. @default false */
  readonly guarded?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
}

export class StratalogFunction extends Construct {
  readonly lambda: LambdaFunction;
  readonly role: Role;
  readonly memoryMib: number;

  constructor(scope: Construct, id: string, props: StratalogFunctionProps) {
    super(scope, id);
    this.memoryMib = props.memoryMib;
    const { config, storage, tracing, vpc } = props.context;
    const rights = guardedRights(props);
    const logGroup = new LogGroup(this, 'Logs', {
      retention: config.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    this.lambda = new LambdaFunction(this, 'Function', {
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: Code.fromAsset(bundleFolder(props.bundle)),
      handler: 'index.handler',
      description: props.description,
      memorySize: props.memoryMib,
      timeout: Duration.seconds(props.timeoutSeconds),
      role: this.role,
      environment: {
        ...storage.environment(rights),
        ...accessEnvironment(props),
        ...props.environment,
        STRATALOG_METRICS: metricsNamespace(this),
        NODE_OPTIONS: '--enable-source-maps',
      },
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      applicationLogLevelV2: ApplicationLogLevel.INFO,
      // START, END and REPORT lines would cost more than the requests that they tell of.
      systemLogLevelV2: SystemLogLevel.WARN,
      tracing: tracing ? Tracing.ACTIVE : Tracing.DISABLED,
      ...(vpc === undefined ? {} : { vpc }),
    });
    logGroup.grantWrite(this.role);
    if (vpc !== undefined) allowNetworkInterfaces(this.role);
    storage.grant(this.role, rights);
    if (tracing || vpc !== undefined) {
      Validations.of(this.role).acknowledge({
        id: 'AwsSolutions-IAM5[Resource::*]',
        reason: 'X-Ray takes no resource, and network interfaces have no name before they exist.',
      });
    }
  }
}

/** Whoever guards reads the access lists, and nobody else. */
function guardedRights({ rights, guarded, context }: StratalogFunctionProps): StorageRights {
  if (guarded !== true || context.acls === undefined) return rights;
  return { ...rights, tables: { acls: READ_ACLS, ...rights.tables } };
}

function accessEnvironment({ guarded, context }: StratalogFunctionProps): Record<string, string> {
  const { acls, principalClaim } = context;
  if (guarded !== true || acls === undefined) return {};
  return {
    STRATALOG_ACLS: 'on',
    STRATALOG_SUPER_USERS: acls.superUsers.join(';'),
    STRATALOG_ALLOW_IF_NO_ACL: String(acls.allowEveryoneIfNoAclFound ?? false),
    ...(principalClaim === undefined ? {} : { STRATALOG_PRINCIPAL_CLAIM: principalClaim }),
  };
}

function bundleFolder(name: string): string {
  const folder = fileURLToPath(new URL(`${name}/`, BUNDLES));
  if (existsSync(folder)) return folder;
  throw new Error(`there is no bundle of the function "${name}"; run: npm run build:functions`);
}

/** A function in a network needs interfaces there; EC2 lets none of these be narrowed to a resource before it exists. */
function allowNetworkInterfaces(role: Role): void {
  const verbs = [
    'AssignPrivateIpAddresses',
    'CreateNetworkInterface',
    'DeleteNetworkInterface',
    'DescribeNetworkInterfaces',
    'DescribeSubnets',
    'UnassignPrivateIpAddresses',
  ];
  const actions = verbs.map((verb) => `ec2:${verb}`);
  role.addToPolicy(new PolicyStatement({ actions, resources: ['*'] }));
}
