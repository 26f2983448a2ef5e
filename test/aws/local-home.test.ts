// The suites against the local home: what holds there and not when deployed is the deployment's fault.

import { afterAll, beforeAll } from 'vitest';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import { endpointOf } from '../support/deploy/endpoint.ts';
import { describeConsumerGroups } from './suites/consumer-groups.ts';
import { describeLogCore, describeV3Paths } from './suites/log-core.ts';
import { describeTransactions } from './suites/transactions.ts';

let home: LocalHome;

beforeAll(async () => {
  home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
});

afterAll(() => home.close());

const endpoint = () =>
  endpointOf({ base: home.url, host: new URL(home.url).host }, () => undefined);

describeLogCore('in the local home', endpoint);
describeV3Paths('in the local home', endpoint);
describeConsumerGroups('in the local home', endpoint);
describeTransactions('in the local home', endpoint);
