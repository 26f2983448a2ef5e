// How large a function's bundle is, and what it is made of.

import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { bundleOptions } from '../../../infra/bundle-functions.ts';

export interface BundleSize {
  readonly minifiedBytes: number;
  readonly gzippedBytes: number;
  /** Of the minified bytes, those that come from this project. */
  readonly ownBytes: number;
  /** Of those, what compresses and decompresses; the rest of it is Node's. */
  readonly codecBytes: number;
  /** Every file that something came from. */
  readonly inputs: readonly string[];
}

const CODECS = /^lib\/record\/(compression|lz4|snappy|xxhash)/;

export async function measureBundle(name: string): Promise<BundleSize> {
  const result = await build({ ...bundleOptions(name), metafile: true, write: false });
  const [output] = Object.values(result.metafile.outputs).filter((one) => one.entryPoint);
  const [code] = result.outputFiles.filter(({ path }) => path.endsWith('.mjs'));
  if (output === undefined || code === undefined) throw new Error(`${name} has no bundle`);
  const parts = Object.entries(output.inputs);
  const own = parts.filter(([file]) => !file.includes('node_modules/'));
  const bytesOf = (some: typeof parts) =>
    some.reduce((bytes, [, part]) => bytes + part.bytesInOutput, 0);
  return {
    minifiedBytes: code.contents.length,
    gzippedBytes: gzipSync(code.contents, { level: 9 }).length,
    ownBytes: bytesOf(own),
    codecBytes: bytesOf(own.filter(([file]) => CODECS.test(file))),
    inputs: parts.map(([file]) => file),
  };
}
