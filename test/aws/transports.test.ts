// The ways around API Gateway: functions invoked by their names, and the core in this very process, over what is
// deployed.

import { LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, inject } from 'vitest';
import type { Transport } from '../../lib/client/transport.ts';
import { directTransport } from '../../lib/client/transports/direct.ts';
import { lambdaTransport } from '../../lib/client/transports/lambda.ts';
import type { LogEndpoint } from '../support/deploy/endpoint.ts';
import { describeConsumerGroups } from './suites/consumer-groups.ts';
import { describeLogCore } from './suites/log-core.ts';
import { describeTransactions } from './suites/transactions.ts';

const REQUEST_TIMEOUT_MS = 40_000;
const { endpoint, region, credentials } = inject('cloud');
const stack = inject('httpStack') ?? inject('restStack');

const lambda = lambdaTransport({
  functions: stack.functions,
  client: new LambdaClient({ endpoint, region, credentials }),
});
const direct = directTransport({
  bucket: stack.bucket,
  tables: stack.tables,
  endpoint,
  region,
  credentials,
});

afterAll(async () => {
  await lambda.close();
  await direct.close();
});

function over(transport: Transport): () => LogEndpoint {
  return () => async (request) => {
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const answer = await transport.send({ headers: {}, ...request, signal });
    const headers = answer.headers instanceof Headers ? answer.headers : new Headers();
    return { status: answer.status, headers, body: answer.body };
  };
}

describeLogCore('by invoking Lambda', over(lambda));
describeConsumerGroups('by invoking Lambda', over(lambda));
describeTransactions('by invoking Lambda', over(lambda));
describeLogCore('over bucket and tables directly', over(direct));
describeConsumerGroups('over bucket and tables directly', over(direct));
describeTransactions('over bucket and tables directly', over(direct));
