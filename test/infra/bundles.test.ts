// What a cold start loads: the bundles' sizes, and what isn't in them.

import { describe, expect, it } from 'vitest';
import { measureBundle } from '../support/deploy/bundle-size.ts';

const PRODUCE_AND_FETCH_BYTES_MAX = 200_000;
/** Batches pass as they are; only compacted topics (produce) and readers of JSON (fetch) want them opened. */
const CODEC_BYTES_MAX = 12_000;

describe('the bundle of', () => {
  it.each(['produce', 'fetch'])('%s is at most 200 KB gzipped', async (name) => {
    const { gzippedBytes } = await measureBundle(name);
    expect(gzippedBytes).toBeLessThanOrEqual(PRODUCE_AND_FETCH_BYTES_MAX);
  });

  it.each(['produce', 'fetch'])('%s has no codec but the few KB of our own', async (name) => {
    const { codecBytes, ownBytes, inputs } = await measureBundle(name);
    expect(codecBytes).toBeLessThan(CODEC_BYTES_MAX);
    expect(ownBytes).toBeGreaterThan(codecBytes);
    const others = inputs.filter((file) => file.includes('node_modules/'));
    expect(others.filter((file) => /snappy|lz4|zstd|brotli|pako|fflate|\.wasm/.test(file))).toEqual(
      [],
    );
  });

  it.each(['produce', 'fetch', 'heartbeat'])(
    '%s has no tools of tests or of the stack',
    async (name) => {
      const { inputs } = await measureBundle(name);
      expect(inputs.filter((file) => /^(test|infra\/constructs|bench)\//.test(file))).toEqual([]);
      expect(inputs.filter((file) => /aws-cdk|vitest|esbuild/.test(file))).toEqual([]);
    },
  );

  it.each(['join', 'heartbeat', 'leave', 'commit', 'watch-groups'])(
    '%s, which touches no object, has no client of S3',
    async (name) => {
      const { inputs } = await measureBundle(name);
      expect(inputs.filter((file) => file.includes('@aws-sdk/client-s3'))).toEqual([]);
    },
  );

  it('meta has no client of S3 or DynamoDB', async () => {
    const { inputs } = await measureBundle('meta');
    expect(inputs.filter((file) => file.includes('@aws-sdk'))).toEqual([]);
  });
});
