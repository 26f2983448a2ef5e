// How large a function's bundle is, and what it is made of.

import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { bundleOptions } from '../../../infra/bundle-functions.ts';

export interface BundleSize {
  readonly minifiedBytes: number;
  readonly gzippedBytes: number;
  /** Of the minified bytes, those that come from this project. */
  readonly ownBytes: number;
  /** Every file that something came from. */
  readonly inputs: readonly string[];
}

export async function measureBundle(name: string): Promise<BundleSize> {
  const result = await build({ ...bundleOptions(name), metafile: true, write: false });
  const [output] = Object.values(result.metafile.outputs).filter((one) => one.entryPoint);
  const [code] = result.outputFiles.filter(({ path }) => path.endsWith('.mjs'));
  if (output === undefined || code === undefined) throw new Error(`${name} has no bundle`);
  const parts = Object.entries(output.inputs);
  const own = parts.filter(([file]) => !file.includes('node_modules/'));
  return {
    minifiedBytes: code.contents.length,
    gzippedBytes: gzipSync(code.contents, { level: 9 }).length,
    ownBytes: own.reduce((bytes, [, part]) => bytes + part.bytesInOutput, 0),
    inputs: parts.map(([file]) => file),
  };
}
