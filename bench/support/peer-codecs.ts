// The record batch codecs inside kafkajs and @platformatic/kafka, which neither exports, as one interface.
// kafkajs has no LZ4 of its own and takes any: here that of @platformatic/kafka (WebAssembly), so that all of them have
// a fast one. Neither checks a CRC when it decodes.

import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export interface PeerRecord {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly timestamp: number;
}

export type PeerCompression = 'none' | 'lz4';

export interface PeerCodec {
  /** Prepares the library's own messages; the function it returns encodes them into one buffer. */
  readonly encoder: (
    records: readonly PeerRecord[],
    compression: PeerCompression,
  ) => () => Promise<Buffer> | Buffer;
  /** The values of a batch's records. */
  readonly decode: (batch: Buffer) => Promise<readonly Buffer[]> | readonly Buffer[];
}

interface ValueHolder {
  readonly value: Buffer;
}

interface Platformatic {
  readonly createRecordsBatch: (
    messages: readonly unknown[],
    options: { readonly compression: string },
  ) => { readonly buffer: Buffer };
  readonly readRecordsBatch: (reader: unknown) => { readonly records: readonly ValueHolder[] };
  readonly Reader: { readonly from: (buffer: Buffer) => unknown };
  readonly compressionsAlgorithms: {
    readonly lz4: {
      readonly compressSync: (bytes: Buffer) => Buffer;
      readonly decompressSync: (bytes: Buffer) => Buffer;
    };
  };
}

async function loadPlatformatic(): Promise<Platformatic> {
  const entry = import.meta.resolve('@platformatic/kafka');
  const files = ['records.js', 'reader.js', 'compression.js'];
  const modules = await Promise.all(
    files.map((file) => import(new URL(`./protocol/${file}`, entry).href)),
  );
  return Object.assign({}, ...modules) as Platformatic;
}

/** @platformatic/kafka's, as its producer and consumer call it. */
export async function platformaticCodec(): Promise<PeerCodec> {
  const { createRecordsBatch, readRecordsBatch, Reader } = await loadPlatformatic();
  return {
    encoder: (records, compression) => {
      const messages = records.map(({ key, value, timestamp }) => ({
        ...{ topic: 'bench', partition: 0, key, value },
        timestamp: BigInt(timestamp),
      }));
      return () => createRecordsBatch(messages, { compression }).buffer;
    },
    decode: (batch) => readRecordsBatch(Reader.from(batch)).records.map(({ value }) => value),
  };
}

interface KafkaJsBatch {
  readonly buffer: Buffer;
}

interface KafkaJs {
  readonly Record: (message: unknown) => unknown;
  readonly RecordBatch: (batch: unknown) => Promise<KafkaJsBatch>;
  readonly decodeBatch: (decoder: unknown) => Promise<{ readonly records: readonly ValueHolder[] }>;
  readonly Decoder: new (buffer: Buffer) => unknown;
  readonly Types: { readonly None: number; readonly LZ4: number };
  readonly Codecs: Record<number, () => unknown>;
}

function loadKafkaJs(): KafkaJs {
  const load = (path: string) => require(`kafkajs/src/protocol/${path}`);
  return {
    Record: load('recordBatch/record/v0'),
    decodeBatch: load('recordBatch/v0/decoder'),
    Decoder: load('decoder'),
    ...load('recordBatch/v0'),
    ...load('message/compression'),
  };
}

/** kafkajs's, as its produce request (v3) and its fetch response (v4) call it. */
export async function kafkaJsCodec(): Promise<PeerCodec> {
  const { Record, RecordBatch, decodeBatch, Decoder, Types, Codecs } = loadKafkaJs();
  const { lz4 } = (await loadPlatformatic()).compressionsAlgorithms;
  Codecs[Types.LZ4] = () => ({
    compress: (encoder: KafkaJsBatch) => Promise.resolve(lz4.compressSync(encoder.buffer)),
    decompress: (bytes: Buffer) => Promise.resolve(lz4.decompressSync(bytes)),
  });
  return {
    encoder: (records, compression) => async () => {
      const firstTimestamp = records[0]?.timestamp ?? 0;
      const batch = await RecordBatch({
        compression: compression === 'lz4' ? Types.LZ4 : Types.None,
        records: records.map(({ key, value, timestamp }, offsetDelta) =>
          Record({ key, value, offsetDelta, timestampDelta: timestamp - firstTimestamp }),
        ),
        firstTimestamp,
        maxTimestamp: records.at(-1)?.timestamp,
        lastOffsetDelta: records.length - 1,
      });
      return batch.buffer;
    },
    decode: async (batch) => {
      const { records } = await decodeBatch(new Decoder(batch));
      return records.map(({ value }) => value);
    },
  };
}
