// Before deployed tests that don't care what is in front: a cloud with one stack, behind the HTTP API where it has that.

import type { TestProject } from 'vitest/node';
import { deployHttp, deployRest, withCloud } from './global-setup.ts';

declare module 'vitest' {
  interface ProvidedContext {
    stackUrl: string;
  }
}

export function setup(project: TestProject): Promise<() => Promise<void>> {
  return withCloud(project, async (cloud) => {
    const stack = await (cloud.hasHttpApi ? deployHttp(cloud) : deployRest(cloud));
    project.provide('stackUrl', stack.url);
  });
}
