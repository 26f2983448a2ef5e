// Bundles each function into `infra/bundles/<name>/index.mjs`: one minified ES module with everything in it, and its
// source map. `cdk` runs it before it synthesises.

import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';

const FUNCTIONS = fileURLToPath(new URL('../functions/', import.meta.url));
const BUNDLES = fileURLToPath(new URL('./bundles/', import.meta.url));

/** The bundles' names: every file in `functions/`. */
export function functionNames(): readonly string[] {
  return readdirSync(FUNCTIONS)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => basename(file, '.ts'));
}

export function bundleOptions(name: string): BuildOptions {
  return {
    entryPoints: [`${FUNCTIONS}${name}.ts`],
    outfile: `${BUNDLES}${name}/index.mjs`,
    bundle: true,
    minify: true,
    keepNames: true,
    sourcemap: true,
    sourcesContent: false,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    // Some dependencies are CommonJS inside and call require for Node's own modules.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  };
}

export async function bundleFunctions(): Promise<void> {
  rmSync(BUNDLES, { recursive: true, force: true });
  mkdirSync(BUNDLES, { recursive: true });
  await Promise.all(functionNames().map((name) => build(bundleOptions(name))));
}

if (import.meta.main) await bundleFunctions();
