// What a bundler makes of `import … from 'stratalog'`: the client and nothing of the server, and of it what is used.

import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

const ENTRY = fileURLToPath(new URL('../../../lib/index.ts', import.meta.url));

async function bundle(
  program: string,
): Promise<{ inputs: string[]; outside: string[]; kib: number }> {
  const { metafile, outputFiles } = await build({
    stdin: {
      contents: program,
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
      loader: 'ts',
    },
    alias: { stratalog: ENTRY },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
  });
  const [output] = Object.values(metafile.outputs);
  const inputs = Object.entries(output?.inputs ?? {})
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => path.replace(/^.*?lib\//, 'lib/'));
  const outside = (output?.imports ?? []).map(({ path }) => path);
  return { inputs, outside, kib: (outputFiles[0]?.contents.length ?? 0) / 1024 };
}

describe('a bundle of a program that uses the client', () => {
  it('holds client, records and base, depends on Node alone, and is small', async () => {
    const { inputs, outside, kib } = await bundle(
      `import { Stratalog } from 'stratalog'; console.log(new Stratalog({ endpoint: 'http://x' }));`,
    );
    expect(inputs).toContain('lib/client/consumer/consumer.ts');
    const strangers = inputs.filter(
      (path) =>
        !/^(<stdin>$|lib\/(client|record)\/|lib\/(assert|errors|ids|limits|path-name)\.ts$)/.test(
          path,
        ),
    );
    expect(strangers).toEqual([]);
    expect(inputs.filter((path) => /sigv4|lambda|direct/.test(path))).toEqual([]);
    expect(outside.filter((path) => !path.startsWith('node:'))).toEqual([]);
    expect(kib).toBeLessThan(115);
  });

  it('holds no more than what is imported', async () => {
    const { inputs, kib } = await bundle(
      `import { CompressionTypes } from 'stratalog'; console.log(CompressionTypes.GZIP);`,
    );
    expect(inputs.filter((path) => path.startsWith('lib/client/consumer'))).toEqual([]);
    expect(kib).toBeLessThan(1);
  });

  it('signs by itself: SigV4 brings no SDK', async () => {
    const { outside, inputs } = await bundle(
      `import { sigv4Transport } from '${ENTRY.replace('index.ts', 'client/transports/sigv4.ts')}'; console.log(sigv4Transport);`,
    );
    expect(outside.filter((path) => !path.startsWith('node:'))).toEqual([]);
    expect(inputs.filter((path) => path.includes('node_modules'))).toEqual([]);
  });
});
