// Every route of the API: what the local home serves, and what the meta function describes.

import type { AllServices } from '../../service/access/guard-all.ts';
import type { Route } from '../operation.ts';
import { aclRoutes } from './acls.ts';
import { clusterRoutes } from './clusters.ts';
import { commitRoutes } from './commit.ts';
import { fetchRoutes } from './fetch.ts';
import { fetchOffsetsRoutes } from './fetch-offsets.ts';
import { groupRoutes } from './groups.ts';
import { heartbeatRoutes } from './heartbeat.ts';
import { inspectRoutes } from './inspect.ts';
import { joinRoutes } from './join.ts';
import { leaveRoutes } from './leave.ts';
import { listOffsetsRoutes } from './list-offsets.ts';
import { metaRoutes } from './meta.ts';
import { produceRoutes } from './produce.ts';
import { topicRoutes } from './topics.ts';
import { transactionRoutes } from './transactions.ts';

const API_VERSION = '0.1.0';

const working: readonly Route<AllServices>[] = [
  ...topicRoutes,
  ...produceRoutes,
  ...fetchRoutes,
  ...listOffsetsRoutes,
  ...joinRoutes,
  ...heartbeatRoutes,
  ...leaveRoutes,
  ...commitRoutes,
  ...fetchOffsetsRoutes,
  ...groupRoutes,
  ...transactionRoutes,
  ...inspectRoutes,
  ...aclRoutes,
];

/** The cluster, health and the description of all. */
export const describeRoutes: readonly Route<unknown>[] = [
  ...clusterRoutes,
  ...metaRoutes(
    [...working, ...clusterRoutes].map(({ operation }) => operation),
    API_VERSION,
  ),
];

export const allRoutes: readonly Route<AllServices>[] = [...working, ...describeRoutes];
