// How a process writes down what it sees: a line of JSON an event, synchronously, so that a process that is killed leaves
// all that came before. A question and its answer are two lines; `call` joins them. A last line may be cut off.

import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import type {
  Claim,
  Handled,
  History,
  Initialized,
  Instance,
  Numbers,
  OffsetCommit,
  Outcome,
  Reading,
  Send,
  SentTransaction,
} from './history.ts';

interface GroupLine {
  readonly call: number;
  readonly atUs: number;
  readonly group: string;
  readonly member: string;
  /** The offsets that are to be committed; of a claim they come with the answer. */
  readonly places: readonly { readonly place: string; readonly offset?: number }[];
}

export type HistoryLine =
  | ({ readonly kind: 'send'; readonly writer: string } & Numbers)
  | {
      readonly kind: 'sent';
      readonly writer: string;
      readonly first: number;
      readonly outcome: Outcome;
      readonly baseOffset?: number | undefined;
    }
  | {
      readonly kind: 'begin';
      readonly name: string;
      readonly writer: string;
      readonly transactionalId: string;
      readonly parts: readonly Numbers[];
    }
  | { readonly kind: 'ended'; readonly name: string; readonly told: SentTransaction['told'] }
  | ({
      readonly kind: 'commit';
      readonly call: number;
      readonly name: string;
      readonly atUs: number;
    } & Instance)
  | ({ readonly kind: 'initialized' } & Initialized)
  | ({ readonly kind: 'claim' } & GroupLine)
  | ({ readonly kind: 'offsets' } & GroupLine)
  | {
      readonly kind: 'answer';
      readonly call: number;
      readonly atUs: number;
      readonly outcome: Outcome;
      /** What was done; of a request for several partitions the others were refused. */
      readonly places?: readonly { readonly place: string; readonly offset: number | null }[];
    }
  | ({ readonly kind: 'handled' } & Handled)
  | ({ readonly kind: 'reading' } & Reading)
  /** For the report only: what went wrong, in the client's words. */
  | { readonly kind: 'trouble'; readonly what: string };

type LineOf<Kind extends HistoryLine['kind']> = Extract<HistoryLine, { readonly kind: Kind }>;
type Answer = LineOf<'answer'>;

export interface HistoryLog {
  write(line: HistoryLine): void;
  close(): void;
}

export function nowUs(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

export function openHistory(file: string): HistoryLog {
  const descriptor = openSync(file, 'a');
  return {
    write: (line) => {
      writeSync(descriptor, `${JSON.stringify(line)}\n`);
    },
    close: () => closeSync(descriptor),
  };
}

/** Every whole line of a file. */
export function readHistory(file: string): HistoryLine[] {
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as HistoryLine);
}

/** What all processes wrote, each for itself, as one history. */
export function assemble(processes: readonly (readonly HistoryLine[])[]): History {
  const parts = processes.map(assembleProcess);
  return {
    sends: parts.flatMap(({ sends }) => sends),
    transactions: parts.flatMap(({ transactions }) => transactions),
    initialized: parts.flatMap(({ initialized }) => initialized),
    claims: parts.flatMap(({ claims }) => claims),
    commits: parts.flatMap(({ commits }) => commits),
    handled: parts.flatMap(({ handled }) => handled),
    readings: parts.flatMap(({ readings }) => readings),
  };
}

function assembleProcess(lines: readonly HistoryLine[]): History {
  const answers = new Map(ofKind(lines, 'answer').map((answer) => [answer.call, answer]));
  return {
    sends: sendsOf(lines),
    transactions: transactionsOf(lines, answers),
    initialized: ofKind(lines, 'initialized'),
    claims: ofKind(lines, 'claim').flatMap((line) => claimsOf(line, answers.get(line.call))),
    commits: ofKind(lines, 'offsets').flatMap((line) => commitsOf(line, answers.get(line.call))),
    handled: ofKind(lines, 'handled'),
    readings: ofKind(lines, 'reading'),
  };
}

export function ofKind<Kind extends HistoryLine['kind']>(
  lines: readonly HistoryLine[],
  kind: Kind,
): LineOf<Kind>[] {
  return lines.filter((line): line is LineOf<Kind> => line.kind === kind);
}

function sendsOf(lines: readonly HistoryLine[]): Send[] {
  const outcomes = new Map(
    ofKind(lines, 'sent').map((line) => [`${line.writer}:${line.first}`, line]),
  );
  return ofKind(lines, 'send').map(({ kind: _, ...send }) => {
    const told = outcomes.get(`${send.writer}:${send.first}`);
    return { ...send, outcome: told?.outcome ?? 'unknown', baseOffset: told?.baseOffset };
  });
}

function transactionsOf(
  lines: readonly HistoryLine[],
  answers: ReadonlyMap<number, Answer>,
): SentTransaction[] {
  const commits = Map.groupBy(ofKind(lines, 'commit'), ({ name }) => name);
  const ended = new Map(ofKind(lines, 'ended').map(({ name, told }) => [name, told]));
  return ofKind(lines, 'begin').map(({ kind: _, ...begun }) => {
    const own = commits.get(begun.name) ?? [];
    const [first] = own;
    return {
      ...begun,
      instance: first,
      commits: own.map(({ call, atUs }) => ({
        askedAtUs: atUs,
        outcome: answers.get(call)?.outcome ?? 'unknown',
      })),
      told: ended.get(begun.name) ?? 'unknown',
    };
  });
}

function claimsOf(line: LineOf<'claim'>, answer: Answer | undefined): Claim[] {
  return line.places.map(({ place }) => ({
    ...callOf(line, answer, place),
    offset: answer?.places?.find((one) => one.place === place)?.offset ?? null,
  }));
}

function commitsOf(line: LineOf<'offsets'>, answer: Answer | undefined): OffsetCommit[] {
  return line.places.map(({ place, offset = 0 }) => ({ ...callOf(line, answer, place), offset }));
}

function callOf(
  { group, member, atUs }: GroupLine,
  answer: Answer | undefined,
  place: string,
): Omit<Claim, 'offset'> {
  const isDone = answer?.places?.some((one) => one.place === place) === true;
  const outcome =
    answer?.outcome === 'done' && !isDone ? 'refused' : (answer?.outcome ?? 'unknown');
  // An answer that tells nothing comes at no time: what was asked may take effect whenever it likes.
  const answeredAtUs = outcome === 'unknown' ? undefined : answer?.atUs;
  return { group, member, place, askedAtUs: atUs, answeredAtUs, outcome };
}
