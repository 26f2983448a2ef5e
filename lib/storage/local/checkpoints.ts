// Moves what SQLite's write-ahead log holds into the database, in a thread of its own with a connection of its own. By
// itself SQLite does it inside a commit, where the event loop waits for the disk twice.
//
// Nothing relies on it: a passive checkpoint keeps out of everybody's way, and moves only what is synchronised first.
// SQLite's own stays as the bound of a log that is written faster than it is moved; there is little left to move then.

import { Worker } from 'node:worker_threads';
import { LOCAL_CHECKPOINT_CHANGES, LOCAL_CHECKPOINT_PAUSE_MS } from '../../limits.ts';

const CHECKPOINT = 'checkpoint';
const CLOSE = 'close';

/** What the thread runs: its text, so it sees nothing around it. */
function program(): void {
  const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads');
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
  const sqlite = new DatabaseSync(String(workerData));
  sqlite.exec(`
    PRAGMA synchronous = NORMAL;
    PRAGMA fullfsync = ON;
    PRAGMA checkpoint_fullfsync = ON;
  `);
  const checkpoint = sqlite.prepare('PRAGMA wal_checkpoint(PASSIVE)');
  parentPort?.on('message', (message) => {
    if (message === 'close') {
      sqlite.close();
      parentPort?.close();
      return;
    }
    checkpoint.get();
    parentPort?.postMessage('done');
  });
}

export class Checkpoints {
  readonly #path: string;
  #worker: Worker | undefined;
  #isRunning = false;
  #hasFailed = false;
  #changes = 0;
  #endedAtMs = 0;

  /** The thread begins with the first checkpoint: who writes little has none. */
  constructor(path: string) {
    this.#path = path;
  }

  /** So many rows were changed by a commit. */
  note(changes: number): void {
    this.#changes += changes;
    if (this.#isRunning || this.#hasFailed || this.#changes < LOCAL_CHECKPOINT_CHANGES) return;
    if (performance.now() - this.#endedAtMs < LOCAL_CHECKPOINT_PAUSE_MS) return;
    this.#changes = 0;
    this.#isRunning = true;
    this.#worker ??= this.#start();
    this.#worker.postMessage(CHECKPOINT);
  }

  /** Resolves when the thread has closed its connection. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#hasFailed = true;
    if (worker === undefined) return;
    worker.ref();
    await new Promise((resolve) => {
      worker.once('exit', resolve);
      worker.postMessage(CLOSE);
    });
  }

  #start(): Worker {
    const worker = new Worker(`(${program})()`, { eval: true, workerData: this.#path });
    worker.unref();
    worker.on('message', () => {
      this.#isRunning = false;
      this.#endedAtMs = performance.now();
    });
    // Then SQLite's own checkpoints do it, and whoever commits hears what is wrong with the disk.
    worker.on('error', () => {
      this.#hasFailed = true;
    });
    worker.on('exit', () => {
      this.#worker = undefined;
    });
    return worker;
  }
}
