// A log in a real account, through its API: `npm run smoke:aws` with STRATALOG_ENDPOINT (the stack's output `Url`) and
// AWS's credentials and region in the environment. It makes topics named `suite-…` and deletes them.

import { afterAll, describe, expect, it } from 'vitest';
import { describeConsumerGroups } from '../aws/suites/consumer-groups.ts';
import { describeLogCore } from '../aws/suites/log-core.ts';
import { asking, madeTopics } from '../support/deploy/ask.ts';
import { endpointOf, type Signing } from '../support/deploy/endpoint.ts';

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '')
    throw new Error(`set ${name}; npm run smoke:aws needs it`);
  return value;
}

const url = setting('STRATALOG_ENDPOINT').replace(/\/$/, '');
const region = setting('AWS_REGION');
const { AWS_SESSION_TOKEN: sessionToken } = process.env;
const credentials = {
  accessKeyId: setting('AWS_ACCESS_KEY_ID'),
  secretAccessKey: setting('AWS_SECRET_ACCESS_KEY'),
  ...(sessionToken === undefined ? {} : { sessionToken }),
};
const address = { base: url, host: new URL(url).host };
const signing = (): Signing => ({ region, credentials, now: new Date() });
const endpoint = () => endpointOf(address, signing);
const ask = asking(endpoint);

afterAll(async () => {
  for (const topic of madeTopics) await ask('DELETE', `/topics/${topic}`);
});

describeLogCore('in a real account', endpoint);
describeConsumerGroups('in a real account', endpoint);

describe('a log in a real account', () => {
  it('refuses a request without a signature', async () => {
    const unsigned = endpointOf(address, () => undefined);
    expect((await unsigned({ method: 'GET', path: '/topics' })).status).toBe(403);
  });
});
