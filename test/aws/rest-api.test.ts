// The stack behind a REST API: the same functions, so the core's suite is enough to see that events and bytes get
// through it.

import { describe, expect, inject, it } from 'vitest';
import { asking } from '../support/deploy/ask.ts';
import { apiAddress, endpointOf, signedEndpoint } from '../support/deploy/endpoint.ts';
import { createUser } from '../support/deploy/iam.ts';
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

  it.runIf(cloud.checksSignatures)('knows who asks, and what they may', async () => {
    const credentials = await createUser(cloud, `${stack.stageArn}/*/*`);
    const signing = () => ({ region: cloud.region, credentials, now: new Date() });
    const stranger = asking(() => endpointOf(apiAddress(cloud, stack.url), signing));
    const json = { topic_name: 'strange' };
    expect((await stranger('POST', '/topics', { json })).json).toMatchObject({
      error_code: 40301,
      kafka_error: 'TOPIC_AUTHORIZATION_FAILED',
      message: expect.stringMatching(/^User:arn:aws:iam::\d+:user\/user-[\d-]+ may not CREATE /),
    });
    expect((await stranger('GET', '/topics')).json.data).toEqual([]);
  });

  it('tells what it is', async () => {
    // The emulator answers the short path itself.
    expect((await ask('GET', '/v3/clusters/-/health')).json).toMatchObject({ status: 'ok' });
    expect((await ask('GET', '/openapi.json')).json).toMatchObject({ openapi: '3.1.0' });
  });
});
