// What a cold start costs: each function's bundle in bytes, and the time from `import` to a handler that is ready, in a
// fresh process of this Node each time. `npm run bench:bundles`

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { BUNDLED_FUNCTIONS, bundleFunctions } from '../infra/bundle-functions.ts';
import { measureBundle } from '../test/support/deploy/bundle-size.ts';

const run = promisify(execFile);
const STARTS = 9;
const IMPORT = `
const startedMs = performance.now();
const { handler } = await import(process.argv[1]);
if (typeof handler !== 'function') throw new Error('the bundle has no handler');
process.stdout.write(String(performance.now() - startedMs));
`;
/** As Lambda sets it; the handlers ask nobody before their first request. */
const ENVIRONMENT = {
  AWS_REGION: 'us-east-1',
  AWS_LAMBDA_FUNCTION_NAME: 'bench',
  STRATALOG_BUCKET: 'bench',
  STRATALOG_TABLE_TOPICS: 'topics',
  STRATALOG_TABLE_HEADS: 'heads',
  STRATALOG_TABLE_INDEX: 'index',
  STRATALOG_TABLE_GROUPS: 'groups',
  STRATALOG_TABLE_PRODUCERS: 'producers',
};

function bundlePath(name: string): string {
  return fileURLToPath(new URL(`../infra/bundles/${name}/index.mjs`, import.meta.url));
}

async function initMs(name: string): Promise<number> {
  const args = ['--input-type=module', '-e', IMPORT, bundlePath(name)];
  const { stdout } = await run(process.execPath, args, {
    env: { ...process.env, ...ENVIRONMENT },
  });
  return Number(stdout);
}

async function measure(name: string): Promise<Record<string, number | string>> {
  const times: number[] = [];
  for (let start = 0; start < STARTS; start += 1) times.push(await initMs(name));
  times.sort((a, b) => a - b);
  const { minifiedBytes, gzippedBytes, ownBytes, codecBytes } = await measureBundle(name);
  const kilobytes = (bytes: number) => Math.round(bytes / 1_000);
  return {
    function: name,
    'minified KB': kilobytes(minifiedBytes),
    'of it own': kilobytes(ownBytes),
    'of it codecs': kilobytes(codecBytes),
    'gzipped KB': kilobytes(gzippedBytes),
    'init ms, median': Math.round(times[Math.floor(STARTS / 2)] ?? 0),
    'init ms, best': Math.round(times[0] ?? 0),
  };
}

await bundleFunctions();
const rows: Record<string, number | string>[] = [];
for (const name of BUNDLED_FUNCTIONS) rows.push(await measure(name));
console.table(rows);
