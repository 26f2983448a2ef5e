// The suites through API Gateway's HTTP API and Lambda, as the stack is meant to be deployed. Where the emulator checks
// policies, they also show that every function has the rights that it needs.

import { describe, expect, inject, it } from 'vitest';
import { asking } from '../support/deploy/ask.ts';
import { signedEndpoint } from '../support/deploy/endpoint.ts';
import { describeConsumerGroups } from './suites/consumer-groups.ts';
import { describeLogCore, describeV3Paths } from './suites/log-core.ts';
import { describeTransactions } from './suites/transactions.ts';

const cloud = inject('cloud');
const stack = inject('httpStack');

describe.skipIf(stack === undefined)('deployed behind an HTTP API', () => {
  const endpoint = () => signedEndpoint(cloud, stack?.url ?? '');
  const ask = asking(endpoint);

  describeLogCore('through API Gateway and Lambda', endpoint);
  describeV3Paths('through API Gateway and Lambda', endpoint);
  describeConsumerGroups('through API Gateway and Lambda', endpoint);
  describeTransactions('through API Gateway and Lambda', endpoint);

  describe('what is told of the log', () => {
    it('is that it is up, and its OpenAPI document', async () => {
      // The emulator answers the short path itself.
      const health = await ask('GET', '/v3/clusters/-/health');
      expect(health.json).toMatchObject({ status: 'ok' });
      const { json } = await ask('GET', '/v3/clusters/-/openapi.json');
      expect(json).toMatchObject({ openapi: '3.1.0' });
    });

    it('is nothing where there is no route', async () => {
      expect((await ask('GET', '/no/such/route')).status).toBe(404);
    });
  });
});
