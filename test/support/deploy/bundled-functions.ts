// Before the tests of the template: the functions' bundles, which it holds by hash.

import { bundleFunctions } from '../../../infra/bundle-functions.ts';

export async function setup(): Promise<void> {
  await bundleFunctions();
}
