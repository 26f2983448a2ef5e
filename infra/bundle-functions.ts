// Bundles each function of the stack into `infra/bundles/<name>/index.mjs`: one minified ES module with everything in it, and its
// source map. `cdk` runs it before it synthesises.

import { mkdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { ROUTES } from './routes.ts';

const FUNCTIONS = fileURLToPath(new URL('../functions/', import.meta.url));
const BUNDLES = fileURLToPath(new URL('./bundles/', import.meta.url));

/** A function's credentials are in its environment: the SDK's search for others is left out, and with it six clients. */
const ALIASES = {
  '@aws-sdk/credential-provider-node': fileURLToPath(
    new URL('./lambda-credentials.ts', import.meta.url),
  ),
};

/**
 * The SDK describes every operation of a service in one file of arrays. Their computed keys keep a bundler from seeing
 * that an unused one can go, so each is wrapped in a call that is marked as free of effects: a quarter of a bundle. Of a
 * client's manifest only the version is used.
 */
const UNUSED_SCHEMAS_GO: Plugin = {
  name: 'unused-schemas-go',
  setup(bundler) {
    bundler.onLoad({ filter: /@aws-sdk\/.*\/schemas\/schemas_\d+\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const arrays = source.replaceAll(
        /^((?:export )?var \w+\$?) = (\[[\s\S]*?\n?\]);$/gm,
        '$1 = /* @__PURE__ */ (() => $2)();',
      );
      // Nobody looks at more of Lambda's errors than their names, which the SDK's general error has as well.
      const contents = path.includes('client-lambda')
        ? arrays.replaceAll(/^n0_registry\.registerError\(.*\);$/gm, '')
        : arrays;
      return { contents, loader: 'js' };
    });
    bundler.onLoad({ filter: /@aws-sdk\/client-[\w-]+\/package\.json$/ }, async ({ path }) => {
      const { version } = JSON.parse(await readFile(path, 'utf8'));
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
  },
};

/** The one function that describes the API, by JSON Schema. */
const DESCRIBES = 'meta';

/** Zod hangs its way to JSON Schema on every schema; where nobody asks for one, names without anything behind do. */
const NO_JSON_SCHEMA: Plugin = {
  name: 'no-json-schema',
  setup(bundler) {
    bundler.onLoad(
      { filter: /zod\/v4\/core\/(to-json-schema|json-schema-processors)\.js$/ },
      async ({ path }) => {
        const source = await readFile(path, 'utf8');
        const names = source.matchAll(
          /^export (?:const|function) (\w+)|^export \{ \w+ as (\w+) \};/gm,
        );
        const lines = [...names].map(([, own, other]) =>
          own === undefined
            ? `const ${other}_ = () => undefined; export { ${other}_ as ${other} };`
            : `export const ${own} = () => undefined;`,
        );
        return { contents: lines.join('\n'), loader: 'js' };
      },
    );
  },
};

/** The functions that the stack deploys: those that routes lead to, and those that schedules and CloudFormation call. */
export const BUNDLED_FUNCTIONS: readonly string[] = [
  ...new Set(ROUTES.map((route) => route.function)),
  ...['build-segments', 'apply-retention', 'compact-log', 'collect-garbage', 'watch-groups'],
  'ensure-topic',
];

export function bundleOptions(name: string): BuildOptions {
  return {
    entryPoints: [`${FUNCTIONS}${name}.ts`],
    outfile: join(BUNDLES, name, 'index.mjs'),
    bundle: true,
    minify: true,
    sourcemap: true,
    sourcesContent: false,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    alias: ALIASES,
    plugins: name === DESCRIBES ? [UNUSED_SCHEMAS_GO] : [UNUSED_SCHEMAS_GO, NO_JSON_SCHEMA],
    // Some dependencies are CommonJS inside and call require for Node's own modules.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  };
}

/** Into `infra/bundles/`, or another folder beside the constructs that will look for them. */
export async function bundleFunctions(folder = BUNDLES): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const outfile = (name: string) => join(folder, name, 'index.mjs');
  await Promise.all(
    BUNDLED_FUNCTIONS.map((name) => build({ ...bundleOptions(name), outfile: outfile(name) })),
  );
}

if (import.meta.main) await bundleFunctions();
