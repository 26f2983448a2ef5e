// Every route and the function that answers it: the one table that the API is made from. The handlers' own table of
// operations says the same from the other side, and a test compares the two, because infra imports nothing of lib.

interface Route {
  readonly method: 'DELETE' | 'GET' | 'PATCH' | 'POST' | 'PUT';
  /** A parameter is a whole segment, which is API Gateway's rule. */
  readonly path: string;
  readonly function: string;
}

const TOPIC = '/topics/{topic_name}';
const PARTITION = `${TOPIC}/partitions/{partition_id}`;
const TRANSACTION = '/transactions/{transactional_id}';
const GROUP = '/consumer-groups/{group_id}';
const MEMBER = `${GROUP}/members/{member_id}`;

export const ROUTES = [
  { method: 'POST', path: `${TOPIC}/records`, function: 'produce' },
  { method: 'POST', path: `${TOPIC}/records:batch`, function: 'produce' },
  { method: 'POST', path: '/records', function: 'produce' },
  { method: 'POST', path: '/producers', function: 'transactions' },
  { method: 'POST', path: `${TRANSACTION}/records`, function: 'transactions' },
  { method: 'POST', path: `${TRANSACTION}/offsets`, function: 'transactions' },
  { method: 'POST', path: `${TRANSACTION}/commit`, function: 'transactions' },
  { method: 'POST', path: `${TRANSACTION}/abort`, function: 'transactions' },
  { method: 'GET', path: TRANSACTION, function: 'transactions' },
  { method: 'GET', path: `${PARTITION}/records`, function: 'fetch' },
  { method: 'POST', path: '/fetch', function: 'fetch' },
  { method: 'GET', path: `${PARTITION}/offset`, function: 'list-offsets' },
  { method: 'POST', path: '/offsets/list', function: 'list-offsets' },
  { method: 'GET', path: '/topics', function: 'topics' },
  { method: 'POST', path: '/topics', function: 'topics' },
  { method: 'GET', path: TOPIC, function: 'topics' },
  { method: 'PUT', path: TOPIC, function: 'topics' },
  { method: 'PATCH', path: TOPIC, function: 'topics' },
  { method: 'DELETE', path: TOPIC, function: 'topics' },
  { method: 'GET', path: `${TOPIC}/configs`, function: 'topics' },
  { method: 'GET', path: `${TOPIC}/configs/{name}`, function: 'topics' },
  { method: 'GET', path: `${TOPIC}/partitions`, function: 'topics' },
  { method: 'GET', path: PARTITION, function: 'topics' },
  { method: 'POST', path: `${PARTITION}/records/delete`, function: 'topics' },
  { method: 'POST', path: `${GROUP}/members`, function: 'join' },
  { method: 'POST', path: `${MEMBER}/heartbeat`, function: 'heartbeat' },
  { method: 'DELETE', path: MEMBER, function: 'leave' },
  { method: 'POST', path: `${GROUP}/offsets/claim`, function: 'commit' },
  { method: 'POST', path: `${GROUP}/offsets`, function: 'commit' },
  { method: 'GET', path: `${GROUP}/offsets`, function: 'fetch-offsets' },
  { method: 'POST', path: `${GROUP}/offsets/reset`, function: 'fetch-offsets' },
  { method: 'GET', path: '/consumer-groups', function: 'groups' },
  { method: 'GET', path: GROUP, function: 'groups' },
  { method: 'DELETE', path: GROUP, function: 'groups' },
  { method: 'GET', path: `${GROUP}/consumers`, function: 'groups' },
  { method: 'GET', path: `${GROUP}/lags`, function: 'groups' },
  { method: 'GET', path: `${GROUP}/lag-summary`, function: 'groups' },
  { method: 'GET', path: `${TOPIC}/segments`, function: 'inspect' },
  { method: 'GET', path: `${PARTITION}/segments`, function: 'inspect' },
  { method: 'GET', path: '/garbage', function: 'inspect' },
  { method: 'GET', path: '/acls', function: 'acls' },
  { method: 'POST', path: '/acls', function: 'acls' },
  { method: 'POST', path: '/acls:batch', function: 'acls' },
  { method: 'DELETE', path: '/acls', function: 'acls' },
  { method: 'GET', path: '/v3/clusters', function: 'meta' },
  { method: 'GET', path: '/v3/clusters/{cluster_id}', function: 'meta' },
  { method: 'GET', path: '/health', function: 'meta' },
  { method: 'GET', path: '/openapi.json', function: 'meta' },
] as const satisfies readonly Route[];

export type FunctionName = (typeof ROUTES)[number]['function'];
export type Method = Route['method'];

export interface ServedRoute {
  readonly method: Method;
  readonly path: string;
  readonly function: FunctionName;
}

const CLUSTERS = '/v3/clusters';

/** Every route twice, short and as Confluent's REST Proxy v3 has it; what is about clusters themselves, once. */
export function servedRoutes(): readonly ServedRoute[] {
  return ROUTES.flatMap((route) => {
    const prefixes = route.path.startsWith(CLUSTERS) ? [''] : ['', `${CLUSTERS}/{cluster_id}`];
    return prefixes.map((prefix) => ({ ...route, path: prefix + route.path }));
  });
}
