// The suites through API Gateway's HTTP API and Lambda, as the stack is meant to be deployed.

import { describe, inject } from 'vitest';
import { signedEndpoint } from '../support/deploy/endpoint.ts';
import { describeLogCore } from './suites/log-core.ts';

const cloud = inject('cloud');
const stack = inject('httpStack');

describe.skipIf(stack === undefined)('deployed behind an HTTP API', () => {
  describeLogCore('through API Gateway and Lambda', () => signedEndpoint(cloud, stack?.url ?? ''));
});
