// Record batches of 100 records with values of 1,024 bytes, encoded and decoded, uncompressed and with LZ4: ours beside
// kafkajs's and @platformatic/kafka's, in one run (`npm run bench:codec`). Values are JSON text, flight records one
// behind the other (LZ4 makes them a quarter); keys are the airports. Encoding ends with one contiguous buffer, CRC
// included. The others don't check the CRC when they decode, so ours is measured both ways: the first is like for like.

import { readFileSync } from 'node:fs';
import { decodeBatch, encodeBatch } from '../lib/record/record.ts';
import { interleave } from './support/interleave.ts';
import {
  kafkaJsCodec,
  type PeerCompression,
  type PeerRecord,
  platformaticCodec,
} from './support/peer-codecs.ts';
import { report } from './support/report.ts';

const RECORDS_PER_BATCH = 100;
const VALUE_BYTES = 1_024;
const TURNS = { turns: 15, turnMs: 60 };
const FLIGHTS = new URL('../node_modules/vega-datasets/data/flights-20k.json', import.meta.url);

function flightRecords(): readonly PeerRecord[] {
  const flights = JSON.parse(readFileSync(FLIGHTS, 'utf8')) as readonly {
    readonly origin: string;
    readonly date: string;
  }[];
  const text = Buffer.from(flights.map((flight) => JSON.stringify(flight)).join('\n'));
  return Array.from({ length: RECORDS_PER_BATCH }, (_, index) => ({
    key: Buffer.from(flights[index]?.origin ?? ''),
    value: Buffer.from(text.subarray(index * VALUE_BYTES, (index + 1) * VALUE_BYTES)),
    timestamp: 1_700_000_000_000 + index,
  }));
}

/** Throws unless the values that came back are those that went in. */
function expectSame(
  name: string,
  values: readonly unknown[],
  records: readonly PeerRecord[],
): void {
  const isSame =
    values.length === records.length &&
    records.every(({ value }, index) => value.equals(values[index] as Uint8Array));
  if (!isSame) throw new Error(`${name} changed the values`);
}

interface Sides {
  readonly ours: () => unknown;
  readonly kafkaJs: () => unknown;
  readonly platformatic: () => unknown;
}

/** One line of the table; `plainBytes` are those of the uncompressed batch. */
async function compare(
  work: string,
  sides: Sides,
  plainBytes: number,
): Promise<Record<string, string | number>> {
  const contestants = Object.entries(sides).map(([name, run]) => ({ name, run }));
  const [ours = 0, kafkaJs = 0, platformatic = 0] = await interleave(contestants, TURNS);
  const rounded = (value: number, digits: number) => Number(value.toFixed(digits));
  return {
    work,
    'ours µs': rounded(ours, 1),
    'kafkajs µs': rounded(kafkaJs, 1),
    'platformatic µs': rounded(platformatic, 1),
    '× kafkajs': rounded(kafkaJs / ours, 2),
    '× platformatic': rounded(platformatic / ours, 2),
    'ours MB/s': Math.round(plainBytes / ours),
  };
}

const records = flightRecords();
const plainBytes = encodeBatch({ records }).length;
const kafkaJs = await kafkaJsCodec();
const platformatic = await platformaticCodec();
const rows: Record<string, string | number>[] = [];

for (const compression of ['none', 'lz4'] as const satisfies readonly PeerCompression[]) {
  const encode = {
    ours: () => encodeBatch({ records, compression }),
    kafkaJs: kafkaJs.encoder(records, compression),
    platformatic: platformatic.encoder(records, compression),
  };
  for (const [name, run] of Object.entries(encode)) {
    const batch = Buffer.from(await run());
    const values = decodeBatch(batch).records.map(({ value }) => value);
    expectSame(`${name}, decoded by ours,`, values, records);
    expectSame(`${name}, decoded by kafkajs,`, await kafkaJs.decode(batch), records);
    expectSame(`${name}, decoded by platformatic,`, await platformatic.decode(batch), records);
  }
  rows.push(await compare(`encode, ${compression}`, encode, plainBytes));

  // Everyone decodes the same bytes, and not of our making.
  const batch = Buffer.from(await encode.kafkaJs());
  for (const checkCrc of [false, true]) {
    const decode = {
      ours: () => decodeBatch(batch, 0, { checkCrc }).records.map(({ value }) => value),
      kafkaJs: () => kafkaJs.decode(batch),
      platformatic: () => platformatic.decode(batch),
    };
    const work = `decode, ${compression}${checkCrc ? ', ours with CRC check' : ''}`;
    rows.push(await compare(work, decode, plainBytes));
  }
}
report('codec', rows);
