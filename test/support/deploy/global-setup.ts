// Before the deployed tests: a cloud, bootstrapped, with the stack in it twice: behind an HTTP API, as it is meant to
// be, and behind a REST API.

import type { TestProject } from 'vitest/node';
import { type CloudFacts, startCloud } from './cloud.ts';
import { bootstrap, deploy, type StackOutputs } from './deployment.ts';

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
    project.provide('restStack', await deploy(cloud, { stage: 'test-rest', api: 'rest' }));
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}
