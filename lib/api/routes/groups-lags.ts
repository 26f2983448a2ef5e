// How far groups are behind: the REST Proxy's v3 shapes, and seconds beside records.

import * as z from 'zod';
import type { Rejected } from '../../errors.ts';
import type { MemberDescription } from '../../service/group/description.ts';
import type { GroupServices } from '../../service/group/group-services.ts';
import type { PartitionLag } from '../../service/group/offset-lag.ts';
import { groupRoute, type Route } from '../operation.ts';
import { problem } from '../problem.ts';
import { groupParams, placeJson, placeShape } from '../schemas/groups.ts';
import { offsetNumber } from '../schemas/values.ts';
import {
  GROUP_ERRORS,
  GROUP_PATH,
  groupLink,
  listJson,
  listShape,
  metadataShape,
  relatedShape,
} from './groups-shapes.ts';

const lagShape = z
  .looseObject({
    kind: z.literal('KafkaConsumerLag'),
    metadata: metadataShape,
    cluster_id: z.string(),
    consumer_group_id: z.string(),
    ...placeShape,
    consumer_id: z.string().nullable().describe('null: nobody reads it just now'),
    instance_id: z.string().nullable(),
    client_id: z.string().nullable(),
    current_offset: z.int().nullable().describe('null: nothing was ever committed'),
    log_start_offset: z.int(),
    log_end_offset: z.int(),
    lag: z.int(),
    lag_seconds: z
      .number()
      .describe(
        'Seconds since the newest record of the batch that the first unread record came in; where that is merged into a segment, by where its offset stands between the segment’s first and last times. 0: all is read',
      ),
  })
  .meta({ id: 'ConsumerLag' });
const summaryShape = z
  .looseObject({
    kind: z.literal('KafkaConsumerGroupLagSummary'),
    metadata: metadataShape,
    cluster_id: z.string(),
    consumer_group_id: z.string(),
    max_lag: z.int(),
    total_lag: z.int(),
    max_lag_seconds: z.number(),
    max_lag_consumer_id: z.string().nullable(),
    max_lag_instance_id: z.string().nullable(),
    max_lag_client_id: z.string().nullable(),
    max_lag_topic_name: z.string().nullable(),
    max_lag_partition_id: z.int().nullable(),
    max_lag_consumer: relatedShape.nullable(),
    max_lag_partition: relatedShape.nullable(),
  })
  .meta({ id: 'ConsumerGroupLagSummary' });

/** A lag, and who is to read it. */
interface ReadLag {
  readonly lag: PartitionLag;
  readonly reader: MemberDescription | undefined;
}

export const groupLagRoutes: readonly Route<GroupServices>[] = [
  groupRoute(
    {
      id: 'listLags',
      method: 'get',
      path: `${GROUP_PATH}/lags`,
      function: 'groups',
      summary: 'How far behind the group is, partition by partition',
      params: groupParams,
      answers: {
        200: { description: 'All', schema: listShape('KafkaConsumerLagList', lagShape) },
      },
      errors: GROUP_ERRORS,
    },
    async ({ params, base }, services) => {
      const found = await findLags(services, params.group_id);
      if (found.kind === 'rejected') return problem(found);
      const self = `${groupLink(base, params.group_id)}/lags`;
      const data = found.lags.map((one) => lagJson(self, params.group_id, one));
      return { status: 200, json: listJson('KafkaConsumerLagList', self, data) };
    },
  ),
  groupRoute(
    {
      id: 'getLagSummary',
      method: 'get',
      path: `${GROUP_PATH}/lag-summary`,
      function: 'groups',
      summary: 'How far behind the group is, in all and at worst',
      params: groupParams,
      answers: { 200: { description: 'The summary', schema: summaryShape } },
      errors: GROUP_ERRORS,
    },
    async ({ params, base }, services) => {
      const found = await findLags(services, params.group_id);
      return found.kind === 'rejected'
        ? problem(found)
        : { status: 200, json: summaryJson(base, params.group_id, found.lags) };
    },
  ),
];

async function findLags(
  { groups, offsets }: GroupServices,
  groupId: string,
): Promise<{ readonly kind: 'lags'; readonly lags: readonly ReadLag[] } | Rejected> {
  const [found, group] = await Promise.all([offsets.lags(groupId), groups.describe(groupId)]);
  if (found.kind === 'rejected') return found;
  if (group.kind === 'rejected') return group;
  const members = new Map(group.members.map((member) => [member.memberId, member]));
  const lags = found.lags.map((lag) => ({
    lag,
    reader: lag.memberId === undefined ? undefined : members.get(lag.memberId),
  }));
  return { kind: 'lags', lags };
}

function lagJson(list: string, groupId: string, { lag, reader }: ReadLag): object {
  const { currentOffset } = lag;
  return {
    kind: 'KafkaConsumerLag',
    metadata: { self: `${list}/${lag.topicName}/partitions/${lag.partition}` },
    cluster_id: '-',
    consumer_group_id: groupId,
    ...placeJson(lag),
    consumer_id: lag.memberId ?? null,
    instance_id: reader?.instanceId ?? null,
    client_id: reader?.clientId ?? null,
    current_offset: currentOffset === undefined ? null : offsetNumber(currentOffset),
    log_start_offset: offsetNumber(lag.logStartOffset),
    log_end_offset: offsetNumber(lag.logEndOffset),
    lag: offsetNumber(lag.lag),
    lag_seconds: lag.lagSeconds,
  };
}

function summaryJson(base: string, groupId: string, all: readonly ReadLag[]): object {
  const lags = all.map(({ lag }) => lag);
  const self = groupLink(base, groupId);
  return {
    kind: 'KafkaConsumerGroupLagSummary',
    metadata: { self: `${self}/lag-summary` },
    cluster_id: '-',
    consumer_group_id: groupId,
    max_lag_seconds: Math.max(0, ...lags.map(({ lagSeconds }) => lagSeconds)),
    total_lag: offsetNumber(lags.reduce((sum, { lag }) => sum + lag, 0n)),
    ...worstJson({ base, self }, all),
  };
}

/** The partition that is furthest behind, and its reader; nulls when the group reads nothing. */
function worstJson(
  { base, self }: { readonly base: string; readonly self: string },
  all: readonly ReadLag[],
): object {
  const worst = all.reduce<ReadLag | undefined>(
    (most, one) => (most === undefined || one.lag.lag > most.lag.lag ? one : most),
    undefined,
  );
  const { lag, reader } = worst ?? {};
  const topic = lag === undefined ? undefined : `${base}/topics/${lag.topicName}`;
  return {
    max_lag: offsetNumber(lag?.lag ?? 0n),
    max_lag_consumer_id: lag?.memberId ?? null,
    max_lag_instance_id: reader?.instanceId ?? null,
    max_lag_client_id: reader?.clientId ?? null,
    max_lag_topic_name: lag?.topicName ?? null,
    max_lag_partition_id: lag?.partition ?? null,
    max_lag_consumer: lag?.memberId === undefined ? null : { related: `${self}/consumers` },
    max_lag_partition:
      topic === undefined ? null : { related: `${topic}/partitions/${lag?.partition}` },
  };
}
