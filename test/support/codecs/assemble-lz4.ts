// Assembles lib/record/lz4.wat into the text of lib/record/lz4-module.ts. `npm run build:lz4` writes it; a unit test
// holds the committed file against its source.

import { readFileSync, writeFileSync } from 'node:fs';
import wabt from 'wabt';

const SOURCE = new URL('../../../lib/record/lz4.wat', import.meta.url);
const TARGET = new URL('../../../lib/record/lz4-module.ts', import.meta.url);
const LINE_CHARACTERS = 94;

/** The generated file as it should be. */
export async function lz4ModuleText(): Promise<string> {
  const { parseWat } = await wabt();
  const features = { simd: true, bulk_memory: true };
  const { buffer } = parseWat('lz4.wat', readFileSync(SOURCE, 'utf8'), features).toBinary({});
  const base64 = Buffer.from(buffer).toString('base64');
  const lines = base64.match(new RegExp(`.{1,${LINE_CHARACTERS}}`, 'g')) ?? [];
  return [
    '// Made from lz4.wat by `npm run build:lz4`: the WebAssembly module, in base64. Change that file, not this one.',
    '',
    'export const LZ4_MODULE = [',
    ...lines.map((line) => `  '${line}',`),
    "].join('');",
    '',
  ].join('\n');
}

export function committedLz4ModuleText(): string {
  return readFileSync(TARGET, 'utf8');
}

if (import.meta.main) writeFileSync(TARGET, await lz4ModuleText());
