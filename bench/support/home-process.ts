// The local home as a user runs it: a process of its own, on a free port, its data in the folder that is given.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../lib/local/main.ts', import.meta.url));

export interface HomeProcess {
  readonly url: string;
  close(): Promise<unknown>;
}

export async function startHomeProcess(dataDirectory: string): Promise<HomeProcess> {
  const options = ['--disable-warning=ExperimentalWarning', MAIN, '--port', '0', '--data-dir'];
  const child = spawn(process.execPath, [...options, dataDirectory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  const url = /http:\S+/.exec(said.toString())?.[0];
  if (url === undefined) throw new Error(`the local home did not start: ${said}`);
  return {
    url,
    close() {
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      return closed;
    },
  };
}
