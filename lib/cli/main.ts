// The CLI: finds the command, reads its arguments, runs it, and says what went wrong.
// Exit codes: 0 done, 1 failed, 2 called wrongly.

import {
  isKafkaError,
  StratalogClientError,
  StratalogConnectionError,
  StratalogRequestError,
} from '../client/errors.ts';
import { Stratalog } from '../client/stratalog.ts';
import {
  type Command,
  CommandFailed,
  choiceValue,
  commandHelp,
  parseCommand,
  UsageError,
} from './command.ts';
import { ACL_COMMANDS } from './commands/acls.ts';
import { CONSUME_COMMANDS } from './commands/consume.ts';
import { DEBUG_COMMANDS } from './commands/debug.ts';
import { DLQ_COMMANDS } from './commands/dlq.ts';
import { DOCTOR_COMMANDS } from './commands/doctor.ts';
import { GROUP_COMMANDS } from './commands/groups.ts';
import { PRODUCE_COMMANDS } from './commands/produce.ts';
import { TOPIC_COMMANDS } from './commands/topics.ts';
import { connectionOf, transportOf } from './connection.ts';
import { Output } from './output.ts';

const COMMANDS: readonly Command[] = [
  ...TOPIC_COMMANDS,
  ...PRODUCE_COMMANDS,
  ...CONSUME_COMMANDS,
  ...GROUP_COMMANDS,
  ...DLQ_COMMANDS,
  ...ACL_COMMANDS,
  ...DEBUG_COMMANDS,
  ...DOCTOR_COMMANDS,
];

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

/** Runs one command; resolves to the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  ignoreBrokenPipe();
  try {
    return await run(args);
  } catch (error) {
    process.stderr.write(`stratalog: ${explain(error)}\n`);
    return error instanceof UsageError ? EXIT_USAGE : EXIT_FAILURE;
  }
}

async function run(args: readonly string[]): Promise<number> {
  const [first] = args;
  if (first === undefined || first === 'help' || first === '--help' || first === '-h') {
    process.stdout.write(overview(COMMANDS));
    return first === undefined ? EXIT_USAGE : 0;
  }
  const found = findCommand(args);
  if (found === undefined) return showGroup(args);
  const { command, rest } = found;
  const { values, positionals } = parseCommand(command, rest);
  if (values.help === true) {
    process.stdout.write(commandHelp(command));
    return 0;
  }
  const format = choiceValue(values, 'output', ['table', 'json'] as const) ?? 'table';
  const output = new Output(format, { out: process.stdout, err: process.stderr });
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  const client = new Stratalog({
    transport: transportOf(connectionOf(values, process.env)),
    clientId: 'stratalog-cli',
    retry: { retries: 3 },
  });
  try {
    await command.run({ positionals, values, client, output, signal: interruption.signal });
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    await client.close();
  }
  return 0;
}

function findCommand(
  args: readonly string[],
): { readonly command: Command; readonly rest: readonly string[] } | undefined {
  for (const words of [2, 1]) {
    const name = args.slice(0, words).join(' ');
    const command = COMMANDS.find((one) => one.name === name);
    if (command !== undefined) return { command, rest: args.slice(words) };
  }
  return undefined;
}

/** `stratalog topics` alone shows what there is under it; anything else is unknown. */
function showGroup([first = '', second]: readonly string[]): number {
  const group = COMMANDS.filter(({ name }) => name.startsWith(`${first} `));
  if (group.length === 0) {
    throw new UsageError(`there is no command "${first}"; stratalog --help lists them`);
  }
  const wantsHelp = second === '--help' || second === '-h';
  if (second !== undefined && !wantsHelp) {
    const names = group.map(({ name }) => name.slice(first.length + 1));
    throw new UsageError(`stratalog ${first} takes ${names.join(', ')}, not "${second}"`);
  }
  process.stdout.write(overview(group));
  return wantsHelp ? 0 : EXIT_USAGE;
}

function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name, usage }) => name.length + usage.length + 1));
  const rows = commands.map(
    ({ name, usage, summary }) => `  ${`${name} ${usage}`.padEnd(width)}  ${summary}`,
  );
  return [
    'Stratalog: Kafka without brokers.',
    '',
    'Usage: stratalog <command> [options]',
    '',
    'Commands:',
    ...rows,
    '',
    'stratalog <command> --help says more. Exit codes: 0 done, 1 failed, 2 called wrongly.',
    '',
  ].join('\n');
}

function explain(error: unknown): string {
  if (error instanceof UsageError || error instanceof CommandFailed) return error.message;
  if (error instanceof StratalogConnectionError) {
    return error.reason === 'refused'
      ? `${error.message}\nStart one with: npm start   or name another with --endpoint or STRATALOG_ENDPOINT`
      : error.message;
  }
  if (isKafkaError(error, 'UNKNOWN_SERVER_ERROR') && error instanceof StratalogRequestError) {
    return `${error.message} (request ${error.requestId ?? 'unknown'})`;
  }
  if (error instanceof StratalogRequestError) return `${error.message} (${error.type})`;
  if (error instanceof StratalogClientError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Whoever reads our output may stop reading, as `head` does: that ends the command, and is no failure. */
function ignoreBrokenPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}
