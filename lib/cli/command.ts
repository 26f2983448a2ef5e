// What a command of the CLI is, how its arguments are read, and its help.

import { type ParseArgsOptionDescriptor, parseArgs } from 'node:util';
import type { Stratalog } from '../client/stratalog.ts';
import type { Output } from './output.ts';

export interface OptionSpec extends ParseArgsOptionDescriptor {
  /** Shown in the help, with the name of its value in <angle brackets> where it has one. */
  readonly help: string;
  readonly placeholder?: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** Options as they were given: text, lists of text where an option may come several times, and switches. */
export type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

export interface CommandContext {
  readonly positionals: readonly string[];
  readonly values: Values;
  readonly client: Stratalog;
  readonly output: Output;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

export interface Command {
  /** `topics create` */
  readonly name: string;
  /** `<topic>` */
  readonly usage: string;
  readonly summary: string;
  readonly options: OptionSpecs;
  /** How many positional arguments it takes. */
  readonly positionals: { readonly min: number; readonly max: number };
  readonly examples: readonly string[];
  readonly run: (context: CommandContext) => Promise<void>;
}

/** The caller's fault: answered with a hint and exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command has said what there is to say; it ends with exit code 1. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

export const COMMON_OPTIONS: OptionSpecs = {
  endpoint: {
    type: 'string',
    placeholder: 'url',
    help: 'where the log is; default STRATALOG_ENDPOINT or the log on this machine',
  },
  region: {
    type: 'string',
    placeholder: 'region',
    help: 'sign with AWS credentials for it; default STRATALOG_REGION or what an API Gateway URL says',
  },
  token: { type: 'string', placeholder: 'jwt', help: 'bearer token; default STRATALOG_TOKEN' },
  'http-header': {
    type: 'string',
    multiple: true,
    placeholder: 'name=value',
    help: 'sent with every request; default STRATALOG_HEADERS, separated by commas',
  },
  output: { type: 'string', short: 'o', placeholder: 'table|json', help: 'default table' },
  help: { type: 'boolean', short: 'h', help: 'this text' },
};

export function parseCommand(
  command: Command,
  args: readonly string[],
): { readonly values: Values; readonly positionals: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { ...command.options, ...COMMON_OPTIONS },
      allowPositionals: true,
      strict: true,
    });
    const { min, max } = command.positionals;
    if (values.help !== true && (positionals.length < min || positionals.length > max)) {
      throw new UsageError(`usage: stratalog ${command.name} ${command.usage}`);
    }
    return { values, positionals };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

export function commandHelp(command: Command): string {
  const options = { ...command.options, ...COMMON_OPTIONS };
  const rows = Object.entries(options).map(([name, spec]): [string, string] => {
    const short = spec.short === undefined ? '' : `-${spec.short}, `;
    const value = spec.type === 'boolean' ? '' : ` <${spec.placeholder ?? name}>`;
    return [`${short}--${name}${value}`, spec.help];
  });
  const width = Math.max(...rows.map(([left]) => left.length));
  const examples = command.examples.map((example) => `  ${example}`);
  return [
    command.summary,
    '',
    `Usage: stratalog ${command.name} ${command.usage} [options]`,
    '',
    'Options:',
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`),
    ...(examples.length === 0 ? [] : ['', 'Examples:', ...examples]),
    '',
  ].join('\n');
}

export function textValue(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

export function listValue(values: Values, name: string): readonly string[] {
  const value = values[name];
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

export function numberValue(values: Values, name: string): number | undefined {
  const text = textValue(values, name);
  if (text === undefined) return undefined;
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new UsageError(`--${name} takes a whole number from 0 on, not "${text}"`);
}

export function choiceValue<Choice extends string>(
  values: Values,
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  const text = textValue(values, name);
  if (text === undefined) return undefined;
  const choice = choices.find((one) => one === text);
  if (choice !== undefined) return choice;
  throw new UsageError(`--${name} takes ${choices.join(', ')}, not "${text}"`);
}

/** `name=value`, several times. */
export function pairsValue(
  values: Values,
  name: string,
): readonly { name: string; value: string }[] {
  return pairsOf(name, listValue(values, name));
}

export function pairsOf(
  name: string,
  texts: readonly string[],
): readonly { name: string; value: string }[] {
  return texts.map((text) => {
    const at = text.indexOf('=');
    if (at < 1) throw new UsageError(`--${name} takes name=value, not "${text}"`);
    return { name: text.slice(0, at), value: text.slice(at + 1) };
  });
}

/** The first positional argument, which the command's `positionals` has made certain. */
export function firstOf(context: CommandContext): string {
  const [first] = context.positionals;
  if (first === undefined) throw new UsageError('an argument is missing');
  return first;
}

/** A time in ISO 8601 as milliseconds since 1970; undefined for anything else. */
export function parseTime(text: string): number | undefined {
  const timeMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
