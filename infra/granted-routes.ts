// Which routes a grant opens. A named topic is reached through its own paths; the paths that take many topics in one
// body (`/records`, `/fetch`, `/offsets/list`) come only with a grant that names none.

import { encodePathName } from '../lib/path-name.ts';
import { type FunctionName, type Method, ROUTES } from './routes.ts';

export interface GrantedRoute {
  readonly method: Method;
  /** With `*` for what isn't named. */
  readonly path: string;
}

export interface GrantedNames {
  readonly topic?: string | undefined;
  readonly group?: string | undefined;
}

const ONE_TOPIC = '{topic_name}';

export function produceRoutes(names: GrantedNames): readonly GrantedRoute[] {
  return [...routesOf(['produce'], names), ...producerRoutes(names), ...describeRoutes(names)];
}

/** A transaction takes any topic in its body, as `/records` does; a producer id is for all. */
function producerRoutes({ topic }: GrantedNames): readonly GrantedRoute[] {
  const routes = routesOf(['transactions'], {});
  return topic === undefined ? routes : routes.filter(({ path }) => path === '/producers');
}

export function consumeRoutes(names: GrantedNames): readonly GrantedRoute[] {
  return [
    ...routesOf(['fetch', 'list-offsets'], names),
    ...routesOf(['join', 'heartbeat', 'leave', 'commit', 'fetch-offsets'], { group: names.group }),
    ...describeRoutes(names),
  ];
}

export function manageRoutes(names: GrantedNames): readonly GrantedRoute[] {
  return routesOf(['topics', 'inspect'], names);
}

/** Clients look a topic's partitions up before they use it. */
function describeRoutes(names: GrantedNames): readonly GrantedRoute[] {
  return routesOf(['topics'], names).filter(({ method }) => method === 'GET');
}

function routesOf(
  functions: readonly FunctionName[],
  { topic, group }: GrantedNames,
): readonly GrantedRoute[] {
  return ROUTES.filter((route) => functions.includes(route.function))
    .filter(({ path }) => topic === undefined || path.includes(ONE_TOPIC))
    .map(({ method, path }) => ({
      method,
      path: path
        .replace(ONE_TOPIC, topic ?? '*')
        .replace('{group_id}', group === undefined ? '*' : encodePathName(group))
        .replaceAll(/\{[^}]+\}/g, '*'),
    }));
}
