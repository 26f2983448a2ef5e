// Every route of the API: what the local home serves, and what the meta function describes.

import type { Route } from '../operation.ts';
import { fetchRoutes } from './fetch.ts';
import { listOffsetsRoutes } from './list-offsets.ts';
import { metaRoutes } from './meta.ts';
import { produceRoutes } from './produce.ts';
import { topicRoutes } from './topics.ts';

export const API_VERSION = '0.1.0';

const logRoutes: readonly Route[] = [
  ...topicRoutes,
  ...produceRoutes,
  ...fetchRoutes,
  ...listOffsetsRoutes,
];

/** Health and the description of all. */
export const describeRoutes: readonly Route[] = metaRoutes(
  logRoutes.map(({ operation }) => operation),
  API_VERSION,
);

export const allRoutes: readonly Route[] = [...logRoutes, ...describeRoutes];
