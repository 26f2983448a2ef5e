// LZ4 blocks by the WebAssembly module of lz4.wat: its memory's layout, and bytes in and out of it. WebAssembly, since its
// unaligned wide loads and stores give 2.1 GB/s in and 5.8 GB/s out on JSON text, several times what JavaScript does.
//
// Memory: the compressor's table (32 KiB), nothing up to 128 KiB, the input of one block, the output of one block with
// the 64 KiB before it that matches may reach back to. It holds one block at a time, so it is bounded by the block size
// (at most 4 MiB each way), whatever a frame claims. Calls are synchronous, so that they never meet in it.

import { assert } from '../assert.ts';
import { LZ4_MODULE } from './lz4-module.ts';

/** How far back a match may reach. */
export const LZ4_WINDOW_BYTES = 65_536;
/** The largest block that a frame may have. */
export const LZ4_BLOCK_BYTES_MAX = 4 * 1024 * 1024;

const INPUT = 131_072;
/** Wide copies may run over by 15 bytes. */
const SLACK_BYTES = 64;
const PAGE_BYTES = 65_536;

/** What is used of WebAssembly here; the compiler's library for servers leaves it out. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

interface Lz4Exports {
  readonly memory: { readonly buffer: ArrayBuffer; readonly grow: (pages: number) => number };
  readonly compressBlock: (source: number, end: number, target: number) => number;
  readonly decompressBlock: (
    source: number,
    end: number,
    target: number,
    window: number,
    targetEnd: number,
  ) => number;
}

let loaded: Lz4Exports | undefined;

/** The module, compiled on first use (under a millisecond). */
function lz4(): Lz4Exports {
  if (loaded === undefined) {
    const module = new WebAssembly.Module(Buffer.from(LZ4_MODULE, 'base64'));
    loaded = new WebAssembly.Instance(module).exports as Lz4Exports;
  }
  return loaded;
}

/** The memory, grown to hold `end` bytes; valid until the next call. */
function memoryUpTo(end: number): Uint8Array {
  const { memory } = lz4();
  const missing = end - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
  return new Uint8Array(memory.buffer);
}

/** Where output goes for inputs of up to `inputBytes`: past the input, its slack, and a window. */
function outputStart(inputBytes: number): number {
  return INPUT + inputBytes + SLACK_BYTES + LZ4_WINDOW_BYTES;
}

/**
 * Compresses a block, of at most 4 MiB. The result is a view of the module's memory, good until the next call; it may be
 * larger than the input, by 1/255 and 16 bytes at most.
 */
export function compressBlock(bytes: Uint8Array): Uint8Array {
  assert(bytes.length <= LZ4_BLOCK_BYTES_MAX, 'an LZ4 block has at most 4 MiB');
  const output = outputStart(bytes.length);
  const worstBytes = bytes.length + Math.ceil(bytes.length / 255) + 16;
  const memory = memoryUpTo(output + worstBytes + SLACK_BYTES);
  memory.set(bytes, INPUT);
  const end = lz4().compressBlock(INPUT, INPUT + bytes.length, output);
  return memory.subarray(output, end);
}

export type BlockResult =
  | { readonly kind: 'ok'; readonly bytes: Uint8Array }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'overflow' };

/**
 * Decompresses an untrusted block to at most `bytesMax` (up to 4 MiB and 1 byte). `window` is what came before it, when
 * its matches may reach back there. The result is a view of the module's memory, good until the next call.
 */
export function decompressBlock(
  bytes: Uint8Array,
  bytesMax: number,
  window: Uint8Array | undefined,
): BlockResult {
  const output = outputStart(bytes.length);
  const memory = memoryUpTo(output + bytesMax + SLACK_BYTES);
  const windowBytes = window?.length ?? 0;
  assert(windowBytes <= LZ4_WINDOW_BYTES, 'a window has at most 64 KiB');
  memory.set(bytes, INPUT);
  if (window !== undefined) memory.set(window, output - windowBytes);
  const end = lz4().decompressBlock(
    INPUT,
    INPUT + bytes.length,
    output,
    output - windowBytes,
    output + bytesMax,
  );
  if (end === 0) return { kind: 'malformed' };
  if (end === 1) return { kind: 'overflow' };
  return { kind: 'ok', bytes: memory.subarray(output, end) };
}
