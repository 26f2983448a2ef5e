// The one cluster, in the REST Proxy's v3 shape: its clients ask for it first, and build their paths with the id. What
// it has no paths for (brokers, reassignments) is linked all the same, because v3's clients want the links there.

import * as z from 'zod';
import type { Route } from '../operation.ts';
import { CLUSTERS_PATH } from '../paths.ts';

/** As in everything else that is shown; in a path any other will do, too. */
const CLUSTER_ID = '-';
const LINKS = {
  acls: 'acls',
  brokers: 'brokers',
  broker_configs: 'broker-configs',
  consumer_groups: 'consumer-groups',
  topics: 'topics',
  partition_reassignments: 'topics/-/partitions/-/reassignment',
} as const;

const related = z.object({ related: z.string() });
const clusterShape = z
  .object({
    kind: z.literal('KafkaCluster'),
    metadata: z.object({ self: z.string() }),
    cluster_id: z.string(),
    acls: related,
    brokers: related,
    broker_configs: related,
    consumer_groups: related,
    topics: related,
    partition_reassignments: related,
  })
  .meta({ id: 'Cluster' });

export const clusterRoutes: readonly Route<unknown>[] = [
  {
    operation: {
      id: 'listClusters',
      method: 'get',
      path: CLUSTERS_PATH,
      function: 'meta',
      summary: 'The one cluster, as a list',
      answers: {
        200: {
          description: 'It',
          schema: z.object({
            kind: z.literal('KafkaClusterList'),
            metadata: z.object({ self: z.string(), next: z.null() }),
            data: z.array(clusterShape),
          }),
        },
      },
      errors: [401, 403],
    },
    handle: ({ base }) => {
      const self = `${base}${CLUSTERS_PATH}`;
      const data = [clusterJson(`${self}/${CLUSTER_ID}`)];
      const json = { kind: 'KafkaClusterList', metadata: { self, next: null }, data };
      return Promise.resolve({ status: 200, json });
    },
  },
  {
    operation: {
      id: 'getCluster',
      method: 'get',
      path: `${CLUSTERS_PATH}/{cluster_id}`,
      function: 'meta',
      summary: 'The cluster; every id means this one',
      params: z.object({ cluster_id: z.string().optional() }),
      answers: { 200: { description: 'It', schema: clusterShape } },
      errors: [401, 403],
    },
    handle: ({ base }) => Promise.resolve({ status: 200, json: clusterJson(base) }),
  },
];

function clusterJson(self: string): Readonly<Record<string, unknown>> {
  const links = Object.entries(LINKS).map(([name, path]) => [name, { related: `${self}/${path}` }]);
  return {
    kind: 'KafkaCluster',
    metadata: { self },
    cluster_id: CLUSTER_ID,
    ...Object.fromEntries(links),
  };
}
