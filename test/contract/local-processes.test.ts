// Several processes over one data directory, and one that dies in the middle. They are real processes: the locks and
// the crash are the operating system's.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ulidFloor } from '../../lib/ids.ts';
import { assertHead, type LocatedEntry } from '../../lib/log/partition.ts';
import { createLocalStorage, type LocalStorage } from '../../lib/storage/local/local-storage.ts';
import { entryOf, objectIdOf, PARTITION, TOPIC_ID } from './contract-values.ts';
import { isReadable, readEntries } from './local-log.ts';

const WRITER = fileURLToPath(new URL('local-writer.ts', import.meta.url));
const ROW_BYTES = 1_000;
const FILE_BYTES = 40_000;

interface Acknowledged {
  readonly baseOffset: bigint;
  readonly recordCount: number;
  readonly objectId: string;
}

let directory: string;
let children: ChildProcess[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'stratalog-'));
});

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children = [];
  rmSync(directory, { recursive: true });
});

interface Writer {
  readonly number: number;
  readonly appends: number;
  readonly objectBytes: readonly number[];
  /** Called with how many were answered so far. */
  readonly onAnswer?: (count: number, child: ChildProcess) => void;
}

/** Runs a writer until it ends; what it was answered. */
const runWriter = async (writer: Writer): Promise<readonly Acknowledged[]> => {
  const { number, appends, objectBytes, onAnswer } = writer;
  const flags = ['--disable-warning=ExperimentalWarning', WRITER, directory];
  const child = spawn(
    process.execPath,
    [...flags, `${number}`, `${appends}`, '8', objectBytes.join(',')],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  children.push(child);
  const ended = new Promise((resolve) => child.once('close', resolve));
  const acknowledged: Acknowledged[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const [baseOffset = '', recordCount, objectId = '', bytes] = line.split(' ');
    // A process that was killed may leave half a line.
    if (bytes === undefined || bytes === '') continue;
    acknowledged.push({
      baseOffset: BigInt(baseOffset),
      recordCount: Number(recordCount),
      objectId,
    });
    onAnswer?.(acknowledged.length, child);
  }
  await ended;
  return acknowledged;
};

const withStorage = async <Result>(use: (storage: LocalStorage) => Promise<Result>) => {
  const storage = createLocalStorage({ directory });
  try {
    return await use(storage);
  } finally {
    await storage.close();
  }
};

const createHead = async (): Promise<void> => {
  await withStorage((storage) =>
    storage.partitions.createHeads({ topicId: TOPIC_ID, partitions: [0], floor: ulidFloor(0) }),
  );
};

const acknowledgedOf = ({ baseOffset, entry }: LocatedEntry): Acknowledged => ({
  baseOffset,
  recordCount: entry.recordCount,
  objectId: entry.objectId,
});

const byOffset = (one: Acknowledged, other: Acknowledged) =>
  Number(one.baseOffset - other.baseOffset);

describe('processes that share a data directory', () => {
  it('get offsets without gap, overlap or loss while they append at once (dense, durable)', async () => {
    await createHead();
    const objectBytes = [ROW_BYTES, ROW_BYTES, ROW_BYTES, FILE_BYTES];
    // Until both have appended enough, so that neither is done before the other begins.
    const counts = [0, 0];
    const answers = await Promise.all(
      [1, 2].map((number) => {
        const onAnswer = (count: number): void => {
          counts[number - 1] = count;
          if (Math.min(...counts) < 2_000) return;
          for (const child of children) child.stdin?.end();
        };
        return runWriter({ number, appends: 1_000_000, objectBytes, onAnswer });
      }),
    );
    expect(Math.min(...answers.map(({ length }) => length))).toBeGreaterThanOrEqual(2_000);
    const acknowledged = answers.flat().sort(byOffset);
    let next = 0n;
    for (const { baseOffset, recordCount } of acknowledged) {
      expect(baseOffset).toBe(next);
      next += BigInt(recordCount);
    }
    // Neither of them had to wait for the other to end.
    const [first] = answers;
    expect(first?.at(-1)?.baseOffset).toBeGreaterThan(answers[1]?.at(0)?.baseOffset ?? next);
    await withStorage(async (storage) => {
      const entries = await readEntries(storage);
      expect(entries.map(acknowledgedOf)).toEqual(acknowledged);
      const readable = await Promise.all(entries.map((entry) => isReadable(storage, entry)));
      expect(readable.every(Boolean)).toBe(true);
    });
  });

  it('make one data directory when they start at once', async () => {
    const writers = [1, 2, 3].map((number) =>
      runWriter({ number, appends: 0, objectBytes: [ROW_BYTES] }),
    );
    await Promise.all(writers);
    expect(readdirSync(directory).sort()).toEqual([
      'format',
      'log.sqlite',
      'objects',
      'secret',
      'staging',
    ]);
    await createHead();
  });
});

describe('a process that is killed while it appends', () => {
  it.each([
    ['rows', [ROW_BYTES]],
    ['files', [FILE_BYTES]],
    ['rows and files', [ROW_BYTES, FILE_BYTES]],
  ])(
    'leaves every append that was answered, with objects as %s (durable)',
    async (_what, objectBytes) => {
      await createHead();
      const acknowledged = await runWriter({
        number: 1,
        appends: 1_000_000,
        objectBytes,
        onAnswer: (count, child) => {
          if (count === 500) child.kill('SIGKILL');
        },
      });
      expect(acknowledged.length).toBeGreaterThanOrEqual(500);
      await withStorage(async (storage) => {
        const entries = await readEntries(storage);
        const stored = new Map(entries.map((entry) => [entry.baseOffset, acknowledgedOf(entry)]));
        for (const answer of acknowledged) expect(stored.get(answer.baseOffset)).toEqual(answer);
        // Also what was stored and not answered any more (visible-once-complete).
        const readable = await Promise.all(entries.map((entry) => isReadable(storage, entry)));
        expect(readable.every(Boolean)).toBe(true);
        const outcome = await storage.partitions.appendToHead({
          partition: PARTITION,
          entries: [entryOf(1)],
          objectId: objectIdOf(1),
        });
        expect(outcome.kind).toBe('appended');
        if (outcome.head !== undefined) assertHead(outcome.head);
      });
    },
  );
});
