// stratalog groups …

import type { MemberDescription, ResetTarget } from '../../client/admin-groups.ts';
import {
  type Command,
  type CommandContext,
  firstOf,
  listValue,
  parseTime,
  UsageError,
} from '../command.ts';

const DURATION_UNITS_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `earliest`, `latest`, `offset:42`, a time, `-2h` (that long ago), `+10` or `-10` (so many records on or back). */
export function parseResetTarget(text: string): ResetTarget {
  if (text === 'earliest' || text === 'latest') return { kind: text };
  const offset = /^offset:(\d+)$/.exec(text);
  if (offset !== null) return { kind: 'offset', offset: Number(offset[1]) };
  if (/^[+-]\d+$/.test(text)) return { kind: 'shift', by: Number(text) };
  const duration = /^-(\d+)([smhd])$/.exec(text);
  if (duration !== null) {
    const unitMs = DURATION_UNITS_MS[duration[2] ?? 's'] ?? 1;
    return { kind: 'duration', durationMs: Number(duration[1]) * unitMs };
  }
  const timestampMs = parseTime(text);
  if (timestampMs !== undefined) return { kind: 'timestamp', timestampMs };
  throw new UsageError(
    `--to takes earliest, latest, offset:42, a time such as 2026-01-31T12:00:00Z, -2h, +10 or -10, not "${text}"`,
  );
}

/** `orders` or `orders:0,2` */
function parseTopic(text: string): { topic: string; partitions?: number[] } {
  const [topic = '', list] = text.split(':');
  if (list === undefined) return { topic };
  const partitions = list.split(',').map(Number);
  if (partitions.every((partition) => Number.isSafeInteger(partition) && partition >= 0)) {
    return { topic, partitions };
  }
  throw new UsageError(`--topic takes a topic, or topic:0,2 for some partitions, not "${text}"`);
}

async function listGroups({ client, output }: CommandContext): Promise<void> {
  const { groups } = await client.admin().listGroups();
  const rows = groups.map(({ groupId, members }) => ({ group: groupId, members }));
  await output.show(rows, [
    { title: 'GROUP', text: ({ group }) => group },
    { title: 'MEMBERS', text: ({ members }) => String(members), align: 'right' },
  ]);
}

/** Without what is there for kafkajs's programs alone. */
function shown({
  clientHost: _host,
  memberAssignment: _assignment,
  memberMetadata: _metadata,
  ...member
}: MemberDescription): object {
  return member;
}

async function describeGroup(context: CommandContext): Promise<void> {
  const { client, output } = context;
  const { groups } = await client.admin().describeGroups([firstOf(context)]);
  const [group] = groups;
  if (group === undefined) return;
  // Kafka's clients call what isn't there dead; the log itself says so in an error.
  if (group.state === 'Dead') await client.admin().fetchLag(group.groupId);
  if (output.format === 'json') return output.json({ ...group, members: group.members.map(shown) });
  await output.line(
    `group ${group.groupId}, ${group.state}, assignor ${group.protocol}, epoch ${group.epoch}`,
  );
  await output.show(group.members, [
    { title: 'MEMBER', text: ({ memberId }) => memberId },
    { title: 'CLIENT', text: ({ clientId, instanceId }) => instanceId ?? clientId },
    {
      title: 'STATE',
      text: ({ idle, absent }) => (absent ? 'absent' : idle ? 'idle' : 'active'),
    },
    {
      title: 'PARTITIONS',
      text: ({ assignment }) =>
        assignment.map(({ topic, partitions }) => `${topic}:${partitions.join(',')}`).join(' '),
    },
  ]);
}

async function showLag(context: CommandContext): Promise<void> {
  const { client, output } = context;
  const lags = await client.admin().fetchLag(firstOf(context));
  await output.show(lags, [
    { title: 'TOPIC', text: ({ topic }) => topic },
    { title: 'PARTITION', text: ({ partition }) => String(partition), align: 'right' },
    { title: 'COMMITTED', text: (one) => String(one.currentOffset ?? '-'), align: 'right' },
    { title: 'END', text: ({ logEndOffset }) => String(logEndOffset), align: 'right' },
    { title: 'LAG', text: ({ lag }) => String(lag), align: 'right' },
    { title: 'SECONDS', text: ({ lagSeconds }) => lagSeconds.toFixed(1), align: 'right' },
    { title: 'MEMBER', text: ({ memberId }) => memberId ?? '-' },
  ]);
}

async function resetOffsets(context: CommandContext): Promise<void> {
  const { client, output, values } = context;
  const target = values.to;
  if (typeof target !== 'string') throw new UsageError('say where to: --to');
  const topics = listValue(values, 'topic').map(parseTopic);
  const isDryRun = values.execute !== true;
  const changes = await client.admin().resetGroupOffsets({
    groupId: firstOf(context),
    to: parseResetTarget(target),
    dryRun: isDryRun,
    ...(topics.length === 0 ? {} : { topics }),
  });
  await output.show(changes, [
    { title: 'TOPIC', text: ({ topic }) => topic },
    { title: 'PARTITION', text: ({ partition }) => String(partition), align: 'right' },
    { title: 'FROM', text: (one) => String(one.previousOffset ?? '-'), align: 'right' },
    { title: 'TO', text: ({ offset }) => String(offset), align: 'right' },
  ]);
  output.note(isDryRun ? 'nothing was changed; --execute does it' : 'done');
}

async function deleteGroups({ client, positionals, output }: CommandContext): Promise<void> {
  await client.admin().deleteGroups(positionals);
  output.note(`deleted ${positionals.join(', ')}`);
}

const ONE_GROUP = { usage: '<group>', positionals: { min: 1, max: 1 } } as const;

export const GROUP_COMMANDS: readonly Command[] = [
  {
    name: 'groups list',
    usage: '',
    summary: 'list consumer groups',
    positionals: { min: 0, max: 0 },
    options: {},
    examples: ['stratalog groups list'],
    run: listGroups,
  },
  {
    ...ONE_GROUP,
    name: 'groups describe',
    summary: 'show the members of a group and what they read',
    options: {},
    examples: ['stratalog groups describe billing'],
    run: describeGroup,
  },
  {
    ...ONE_GROUP,
    name: 'groups lag',
    summary: 'show how far behind a group is, in records and seconds',
    options: {},
    examples: ['stratalog groups lag billing -o json'],
    run: showLag,
  },
  {
    ...ONE_GROUP,
    name: 'groups reset-offsets',
    summary: 'set what a group has committed, while it has no members',
    options: {
      to: {
        type: 'string',
        placeholder: 'where',
        help: 'earliest, latest, offset:42, a time, =-2h (that long ago), +10 or =-10 (records)',
      },
      topic: {
        type: 'string',
        short: 't',
        multiple: true,
        placeholder: 'topic[:0,2]',
        help: 'only this one, or some of its partitions; several times; default all it has read',
      },
      execute: { type: 'boolean', help: 'do it; without it, only show what would change' },
    },
    examples: [
      'stratalog groups reset-offsets billing --to earliest --topic orders',
      'stratalog groups reset-offsets billing --to=-2h --execute',
    ],
    run: resetOffsets,
  },
  {
    name: 'groups delete',
    usage: '<group>…',
    summary: 'delete groups without members, and their offsets',
    positionals: { min: 1, max: 100 },
    options: {},
    examples: ['stratalog groups delete billing'],
    run: deleteGroups,
  },
];
