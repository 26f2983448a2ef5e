// A real Kafka broker for one test, on a port of its own, with its data in a folder that goes with it.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '../free-port.ts';

const run = promisify(execFile);
const SCRIPT = fileURLToPath(new URL('./kafka.sh', import.meta.url));
/** Installing has tries and bounds of its own; nothing that the tools do here takes minutes. */
const SCRIPT_TIMEOUT_MS = 900_000;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

export interface Broker {
  /** host:port */
  readonly address: string;
  /** Where the log directories are. */
  readonly dataFolder: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Stops it and removes what it stored. */
  remove(): Promise<void>;
  /** One of Kafka's own tools, by its main class: all that it printed, since complaints may come on stderr. */
  runTool(...args: readonly string[]): Promise<string>;
}

/** A broker that was never started. */
export async function newBroker(): Promise<Broker> {
  const folder = mkdtempSync(join(tmpdir(), 'stratalog-kafka-'));
  const port = await freePort();
  const env = {
    ...process.env,
    KAFKA_STATE: folder,
    KAFKA_PORT: String(port),
    KAFKA_CONTROLLER_PORT: String(await freePort()),
  };
  const script = async (...args: readonly string[]): Promise<string> => {
    const options = { env, maxBuffer: OUTPUT_BYTES_MAX, timeout: SCRIPT_TIMEOUT_MS };
    const { stdout, stderr } = await run('bash', [SCRIPT, ...args], options);
    return stdout + stderr;
  };
  // Apart from the rest, so that what Maven prints on the first use is no part of a tool's output.
  await script('install');
  let isRunning = false;
  const stop = async () => {
    if (isRunning) await script('stop');
    isRunning = false;
  };
  return {
    address: `127.0.0.1:${port}`,
    dataFolder: join(folder, 'data'),
    async start() {
      await script('start');
      isRunning = true;
    },
    stop,
    async remove() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
    runTool: async (...args) => await script('run', ...args),
  };
}
