// stratalog debug …

import type { PartitionSegments, SegmentDescription } from '../../client/admin-storage.ts';
import { type Command, type CommandContext, firstOf, numberValue } from '../command.ts';
import type { Column, Output } from '../output.ts';

const PARTITIONS_AT_ONCE = 8;
const NONE = '-';

type PlacedSegment = SegmentDescription & { readonly partition: number };

async function debugSegments(context: CommandContext): Promise<void> {
  const { client, output, values } = context;
  const topic = firstOf(context);
  const admin = client.admin();
  const wanted = numberValue(values, 'partition');
  const numbers =
    wanted === undefined
      ? (await admin.fetchTopicOffsets(topic)).map(({ partition }) => partition)
      : [wanted];
  const partitions: PartitionSegments[] = [];
  for (let start = 0; start < numbers.length; start += PARTITIONS_AT_ONCE) {
    const some = numbers.slice(start, start + PARTITIONS_AT_ONCE);
    partitions.push(
      ...(await Promise.all(some.map((number) => admin.describeSegments(topic, number)))),
    );
  }
  if (output.format === 'json') {
    await output.json({ topic, partitions });
    return;
  }
  await output.show(partitions, PARTITION_COLUMNS);
  await output.line('');
  const segments = partitions.flatMap(({ partition, segments: own }) =>
    own.map((segment) => ({ partition, ...segment })),
  );
  if (segments.length > 0) await output.show(segments, SEGMENT_COLUMNS);
  else await output.line('no segments yet: what is appended is merged when it is enough, or old');
  noteDamage(output, partitions);
}

function number<Row>(title: string, of: (row: Row) => number | string): Column<Row> {
  return { title, text: (row) => String(of(row)), align: 'right' };
}

function time<Row>(title: string, of: (row: Row) => string | undefined): Column<Row> {
  return { title, text: (row) => of(row) ?? NONE };
}

const PARTITION_COLUMNS: readonly Column<PartitionSegments>[] = [
  number('PARTITION', ({ partition }) => partition),
  number('START', ({ logStartOffset }) => logStartOffset),
  number('NEXT', ({ nextOffset }) => nextOffset),
  number('SEGMENTS', ({ segmentCount }) => segmentCount),
  number('SEGMENT BYTES', ({ segmentBytes }) => segmentBytes),
  number('MERGED TO', ({ segmentedTo }) => segmentedTo),
  number('PAGES', ({ pageCount }) => pageCount),
  number('PAGE BYTES', ({ pageBytes }) => pageBytes),
  number('TAIL', ({ tailEntries }) => tailEntries),
  number('TAIL BYTES', ({ tailBytes }) => tailBytes),
  number('OBJECTS', ({ objectCount }) => objectCount),
  number('RETIRED', ({ retiredSegmentCount }) => retiredSegmentCount),
  number('UNCOMPACTED', ({ uncompactedBytes }) => uncompactedBytes ?? NONE),
  time('FIRST', ({ firstTimestamp }) => firstTimestamp),
  time('LAST', ({ largestTimestamp }) => largestTimestamp),
  { title: 'DAMAGED AT', text: ({ damage }) => damage?.offset ?? NONE },
];

const SEGMENT_COLUMNS: readonly Column<PlacedSegment>[] = [
  number('PARTITION', ({ partition }) => partition),
  number('BASE', ({ baseOffset }) => baseOffset),
  number('END', ({ endOffset }) => endOffset),
  number('RECORDS', ({ recordCount }) => recordCount),
  number('BYTES', ({ sizeBytes }) => sizeBytes),
  time('FIRST', ({ firstTimestamp }) => firstTimestamp),
  time('LAST', ({ largestTimestamp }) => largestTimestamp),
  number('CLEANED TO', ({ cleanedTo }) => cleanedTo),
  { title: 'ID', text: ({ segmentId }) => segmentId },
];

/** On stderr, where nobody overlooks it. */
function noteDamage(output: Output, partitions: readonly PartitionSegments[]): void {
  for (const { partition, damage } of partitions) {
    if (damage === undefined) continue;
    const { objectKey, offset, problem } = damage;
    output.note(`partition ${partition} is damaged at offset ${offset}, ${objectKey}: ${problem}`);
  }
}

async function debugGarbage({ client, output }: CommandContext): Promise<void> {
  const found = await client.admin().previewGarbage();
  if (output.format === 'json') {
    await output.json(found);
    return;
  }
  const rows = [
    { what: 'WAL objects that nothing names', count: found.walObjects, bytes: found.walBytes },
    { what: 'objects of segments', count: found.segmentObjects, bytes: found.segmentBytes },
    { what: 'unfinished uploads', count: found.unfinishedUploads, bytes: undefined },
    { what: 'deleted topics', count: found.deletedTopics, bytes: undefined },
  ];
  await output.show(rows, [
    { title: 'WOULD GO NOW', text: ({ what }) => what },
    number('COUNT', ({ count }) => count),
    number('BYTES', ({ bytes }) => bytes ?? NONE),
  ]);
  for (const key of found.keys) await output.line(key);
  if (!found.isComplete) output.note('there was no time to look everywhere: there may be more');
}

export const DEBUG_COMMANDS: readonly Command[] = [
  {
    name: 'debug segments',
    usage: '<topic>',
    summary: 'show what the partitions of a topic are made of',
    positionals: { min: 1, max: 1 },
    options: {
      partition: { type: 'string', short: 'p', placeholder: 'n', help: 'only this one' },
    },
    examples: ['stratalog debug segments orders', 'stratalog debug segments orders -p 3 -o json'],
    run: debugSegments,
  },
  {
    name: 'debug garbage',
    usage: '',
    summary: 'show what garbage collection would delete now; deletes nothing',
    positionals: { min: 0, max: 0 },
    options: {
      'dry-run': { type: 'boolean', help: 'there is nothing else: the job deletes by itself' },
    },
    examples: ['stratalog debug garbage --dry-run'],
    run: debugGarbage,
  },
];
