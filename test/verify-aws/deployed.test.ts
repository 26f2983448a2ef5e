// A minute of `npm run verify` on the stack as it is deployed: API Gateway, Lambda, DynamoDB and S3 of an emulator. The
// clients are killed; what is behind the API is left alone.

import { expect, inject, it } from 'vitest';
import { startSigningProxy } from '../support/deploy/signing-proxy.ts';
import { runVerify } from '../support/verify/run-verify.ts';

const cloud = inject('cloud');
const stackUrl = inject('stackUrl');

it('no promise is broken by the deployed stack while clients are killed (durable, dense, ordered, visible-once-complete, no-double-append, fenced, one-owner, monotonic-ownership, atomic-transaction)', async () => {
  const proxy = await startSigningProxy(cloud, stackUrl);
  const args = ['--endpoint', proxy.url, '--minutes', '1', '--rate', '5', '--strike-every', '4'];
  const { exitCode, output, report } = await runVerify(args);
  await proxy.stop();
  console.log(output);
  expect(report?.examples).toEqual({});
  expect([exitCode, report?.verdict]).toEqual([0, 'kept']);
  const done: Readonly<Record<string, number>> = report?.done ?? {};
  expect(done['killed with signal 9']).toBeGreaterThanOrEqual(3);
  expect(done['records acknowledged']).toBeGreaterThan(50);
  expect(done['transactions committed']).toBeGreaterThan(0);
});
