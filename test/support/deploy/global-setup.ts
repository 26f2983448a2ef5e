// Before the deployed tests: a cloud, bootstrapped, with the stack in it twice: behind an HTTP API, as it is meant to
// be, and behind a REST API.

import type { TestProject } from 'vitest/node';
import { type CloudFacts, startCloud } from './cloud.ts';
import { bootstrap, deploy, type StackOutputs } from './deployment.ts';
import { ACCOUNT } from './iam.ts';

/** Who the emulators' own credentials are. */
export const ROOT = `User:arn:aws:iam::${ACCOUNT}:root`;

declare module 'vitest' {
  interface ProvidedContext {
    cloud: CloudFacts;
    /** Undefined where the cloud has no HTTP API. */
    httpStack: StackOutputs | undefined;
    restStack: StackOutputs;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const cloud = await startCloud();
  const { stop, ...facts } = cloud;
  try {
    await bootstrap(cloud);
    const httpStack = cloud.hasHttpApi
      ? await deploy(cloud, { stage: 'test', api: 'http' })
      : undefined;
    project.provide('cloud', facts);
    project.provide('httpStack', httpStack);
    // With access lists, where it can be known who asks: whoever deploys is their super user.
    const context = { aclSuperUsers: ROOT };
    project.provide(
      'restStack',
      await deploy(cloud, {
        stage: 'test-rest',
        api: 'rest',
        ...(cloud.checksSignatures ? { context } : {}),
      }),
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}
