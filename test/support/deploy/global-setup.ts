// Before the deployed tests: a cloud, bootstrapped, with the stack in it twice: behind an HTTP API, as it is meant to
// be, and behind a REST API. `one-stack` is for suites that need but one.

import type { TestProject } from 'vitest/node';
import { type Cloud, type CloudFacts, startCloud } from './cloud.ts';
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

export function setup(project: TestProject): Promise<() => Promise<void>> {
  return withCloud(project, async (cloud) => {
    project.provide('httpStack', cloud.hasHttpApi ? await deployHttp(cloud) : undefined);
    project.provide('restStack', await deployRest(cloud));
  });
}

/** Starts a cloud for the tests of a project; resolves to what stops it. */
export async function withCloud(
  project: TestProject,
  prepare: (cloud: Cloud) => Promise<void>,
): Promise<() => Promise<void>> {
  const cloud = await startCloud();
  const { stop, ...facts } = cloud;
  try {
    await bootstrap(cloud);
    project.provide('cloud', facts);
    await prepare(cloud);
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

export function deployHttp(cloud: CloudFacts): Promise<StackOutputs> {
  return deploy(cloud, { stage: 'test', api: 'http' });
}

/** With access lists, where it can be known who asks: whoever deploys is their super user. */
export function deployRest(cloud: CloudFacts): Promise<StackOutputs> {
  const context = cloud.checksSignatures ? { context: { aclSuperUsers: ROOT } } : {};
  return deploy(cloud, { stage: 'test-rest', api: 'rest', ...context });
}
