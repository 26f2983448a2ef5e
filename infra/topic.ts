// A topic as a resource of one's own stack: ensured with every deployment, kept when the stack goes unless it says
// otherwise.

import { CustomResource, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { checkTopicProps } from './check-props.ts';
import { Stratalog } from './stratalog.ts';

export interface TopicProps {
  /** @default the only log of the stack */
  readonly log?: Stratalog;
  /** @default the construct's id */
  readonly topicName?: string;
  /** May grow from one deployment to the next, never shrink: keys then map to other partitions. */
  readonly partitions: number;
  /** By Kafka's names, over the log's `topicDefaults`: `{ 'retention.ms': '86400000' }`. */
  readonly configs?: Readonly<Record<string, string>>;
  /** `DESTROY` deletes the topic and its records with the resource. @default RETAIN */
  readonly removalPolicy?: RemovalPolicy.DESTROY | RemovalPolicy.RETAIN;
}

export class Topic extends Construct {
  readonly topicName: string;

  constructor(scope: Construct, id: string, props: TopicProps) {
    super(scope, id);
    this.topicName = props.topicName ?? id;
    checkTopicProps(this.topicName, props);
    const log = props.log ?? onlyLog(this);
    new CustomResource(this, 'Resource', {
      resourceType: 'Custom::StratalogTopic',
      serviceToken: log.topicAdmin.ensureTopic.lambda.functionArn,
      properties: {
        TopicName: this.topicName,
        PartitionCount: props.partitions,
        Configs: { ...log.topicDefaults, ...props.configs },
        DeleteWithStack: props.removalPolicy === RemovalPolicy.DESTROY,
      },
    });
  }
}

function onlyLog(scope: Construct): Stratalog {
  const all = Stack.of(scope).node.findAll();
  const logs = all.filter((construct): construct is Stratalog => construct instanceof Stratalog);
  const [log] = logs;
  if (log !== undefined && logs.length === 1) return log;
  throw new Error(
    `a topic needs to know its log: the stack has ${logs.length} of them; give it as the prop "log"`,
  );
}
