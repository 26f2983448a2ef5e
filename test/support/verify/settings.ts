// The command line of `npm run verify`.

import { parseArgs } from 'node:util';
import type { Connection } from './connection.ts';

export const HELP = `Sends, commits and reads against a log from many processes, kills some of them with signal 9 meanwhile, and checks
afterwards that the log kept its promises.

  npm run verify -- --endpoint URL --minutes N [options]

  --endpoint URL   the log's HTTP API; left out: a local home of its own, which is killed and restarted meanwhile
  --minutes N      how long to go on, 0.1 to 1440 (default 1); settling and judging take some minutes more at most
  --sigv4 REGION   sign requests with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN
  --token TOKEN    send a bearer token (or set STRATALOG_TOKEN)
  --scale N        times the processes of each kind, 1 to 20 (default 1: ten processes)
  --rate N         sends, or transactions, a second of each producer at most (default 50)
  --strike-every S seconds between two kills or stops (default 2; 0: none)
  --partitions N   of each topic (default 3)
  --settle S       seconds without progress after which a group counts as stuck in the end (default 60)
  --report FILE    where the report goes as JSON (default verify-report.json)
  --keep           leave topics, groups and histories for a closer look (they are kept when a promise is broken)
  --help           this text

It makes topics and groups of its own, and deletes them. Exit code: 0, no promise was broken; 1, one was (the report
says which, with examples); 2, it could not be run, or too little was done to say anything.
`;

export interface Settings {
  /** Undefined: a local home of its own. */
  readonly connection: Connection | undefined;
  readonly minutes: number;
  readonly scale: number;
  readonly ratePerSecond: number;
  readonly strikeEverySeconds: number;
  readonly partitionCount: number;
  readonly settleSeconds: number;
  readonly reportFile: string;
  readonly keep: boolean;
}

/** Undefined: help was asked for. Throws TypeError with what is wrong. */
export function readSettings(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Settings | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      endpoint: { type: 'string' },
      minutes: { type: 'string', default: '1' },
      sigv4: { type: 'string' },
      token: { type: 'string' },
      scale: { type: 'string', default: '1' },
      rate: { type: 'string', default: '50' },
      'strike-every': { type: 'string', default: '2' },
      partitions: { type: 'string', default: '3' },
      settle: { type: 'string', default: '60' },
      report: { type: 'string', default: 'verify-report.json' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  return {
    connection: connectionOf(values, environment.STRATALOG_TOKEN),
    minutes: numberOf('minutes', values.minutes, { min: 0.1, max: 1_440 }),
    scale: numberOf('scale', values.scale, { min: 1, max: 20, isWhole: true }),
    ratePerSecond: numberOf('rate', values.rate, { min: 0.1, max: 10_000 }),
    strikeEverySeconds: numberOf('strike-every', values['strike-every'], { min: 0, max: 3_600 }),
    partitionCount: numberOf('partitions', values.partitions, { min: 1, max: 100, isWhole: true }),
    settleSeconds: numberOf('settle', values.settle, { min: 1, max: 3_600 }),
    reportFile: values.report,
    keep: values.keep,
  };
}

interface ConnectionOptions {
  readonly endpoint?: string | undefined;
  readonly sigv4?: string | undefined;
  readonly token?: string | undefined;
}

function connectionOf(
  { endpoint, sigv4: region, token }: ConnectionOptions,
  environmentToken: string | undefined,
): Connection | undefined {
  if (endpoint === undefined) {
    if (region === undefined) return undefined;
    throw new TypeError('--sigv4 signs requests to an --endpoint; give one');
  }
  const isUrl = URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol);
  if (!isUrl) {
    throw new TypeError(
      `--endpoint is a URL such as http://127.0.0.1:4510 or https://…execute-api…, not "${endpoint}"`,
    );
  }
  if (region !== undefined && !/^[a-z]{2}(-[a-z]+)+-\d$/.test(region)) {
    throw new TypeError(`--sigv4 is an AWS region such as eu-west-1, not "${region}"`);
  }
  if (region !== undefined && token !== undefined) {
    throw new TypeError('--sigv4 and --token exclude each other');
  }
  return {
    endpoint,
    region,
    token: region === undefined ? (token ?? environmentToken) : undefined,
  };
}

function numberOf(
  name: string,
  text: string,
  {
    min,
    max,
    isWhole = false,
  }: { readonly min: number; readonly max: number; readonly isWhole?: boolean },
): number {
  const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  const isRight = number >= min && number <= max && (!isWhole || Number.isInteger(number));
  if (isRight) return number;
  throw new TypeError(
    `--${name} is ${isWhole ? 'a whole number' : 'a number'} from ${min} to ${max}, not "${text}"`,
  );
}
