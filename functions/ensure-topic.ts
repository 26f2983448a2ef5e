// A topic as a resource of CloudFormation (the construct `Topic`): made where it isn't there, brought to what is asked
// for where it is, and deleted only where the resource says so.

import type {
  CloudFormationCustomResourceEvent,
  CloudFormationCustomResourceResponse,
} from 'aws-lambda';
import type { TopicService } from '../lib/service/topics/topics.ts';
import { createRuntime } from './shared/runtime.ts';

interface Properties {
  readonly TopicName: string;
  /** CloudFormation hands every value over as text. */
  readonly PartitionCount: string;
  readonly Configs?: Readonly<Record<string, string>>;
  readonly DeleteWithStack?: string;
}

const { topics } = createRuntime().services;

/** Answers to the URL of the event: without an answer a deployment waits for an hour. */
export const handler = async (event: CloudFormationCustomResourceEvent): Promise<void> => {
  const properties = event.ResourceProperties as unknown as Properties;
  const failure = await apply(topics, event, properties).catch((error: unknown) => String(error));
  const { StackId, RequestId, LogicalResourceId } = event;
  // Another name is another resource: CloudFormation then deletes the one before.
  const PhysicalResourceId =
    event.RequestType === 'Delete' ? event.PhysicalResourceId : properties.TopicName;
  const answer: CloudFormationCustomResourceResponse = {
    ...{ StackId, RequestId, LogicalResourceId, PhysicalResourceId },
    ...(failure === undefined ? { Status: 'SUCCESS' } : { Status: 'FAILED', Reason: failure }),
  };
  await fetch(event.ResponseURL, { method: 'PUT', body: JSON.stringify(answer) });
};

/** What went wrong; undefined: nothing. */
async function apply(
  service: TopicService,
  event: CloudFormationCustomResourceEvent,
  properties: Properties,
): Promise<string | undefined> {
  if (event.RequestType === 'Delete') {
    if (properties.DeleteWithStack !== 'true') return undefined;
    const deleted = await service.delete(event.PhysicalResourceId);
    const isGone = deleted.kind === 'deleted' || deleted.code === 'UNKNOWN_TOPIC_OR_PARTITION';
    return isGone ? undefined : deleted.message;
  }
  const outcome = await service.ensure({
    name: properties.TopicName,
    partitionCount: Number(properties.PartitionCount),
    configs: properties.Configs ?? {},
  });
  return outcome.kind === 'rejected' ? outcome.message : undefined;
}
