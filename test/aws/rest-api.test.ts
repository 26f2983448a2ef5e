// The stack behind a REST API: the same functions, so the core's suite is enough to see that events and bytes get
// through it.

import { describe, expect, inject, it } from 'vitest';
import { asking } from '../support/deploy/ask.ts';
import { signedEndpoint } from '../support/deploy/endpoint.ts';
import { describeConsumerGroups } from './suites/consumer-groups.ts';
import { describeLogCore, describeV3Paths } from './suites/log-core.ts';

const cloud = inject('cloud');
const stack = inject('restStack');

describe('deployed behind a REST API', () => {
  const endpoint = () => signedEndpoint(cloud, stack.url);
  const ask = asking(endpoint);

  describeLogCore('through the REST API', endpoint);
  describeV3Paths('through the REST API', endpoint);
  // Names of groups stand in paths, which the two kinds of API hand over differently.
  describeConsumerGroups('through the REST API', endpoint);

  it('tells what it is', async () => {
    // The emulator answers the short path itself.
    expect((await ask('GET', '/v3/clusters/-/health')).json).toMatchObject({ status: 'ok' });
    expect((await ask('GET', '/openapi.json')).json).toMatchObject({ openapi: '3.1.0' });
  });
});
