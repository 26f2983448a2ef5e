// The local home as a user runs it: a process of its own, on a free port, its data in the folder that is given.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../', import.meta.url);

export interface HomeProcess {
  readonly url: string;
  close(): Promise<unknown>;
}

/** With the flags of `npm start`. */
export async function startHomeProcess(dataDirectory: string): Promise<HomeProcess> {
  const { scripts } = JSON.parse(await readFile(new URL('package.json', ROOT), 'utf8')) as {
    readonly scripts: { readonly start: string };
  };
  const [, ...words] = scripts.start.split(' ');
  return startServer([...words, '--port', '0', '--data-dir', dataDirectory]);
}

/** Starts a program of ours that prints its URL: Node's flags, its file, its arguments. */
export async function startServer(words: readonly string[]): Promise<HomeProcess> {
  const child = spawn(process.execPath, words, {
    cwd: fileURLToPath(ROOT),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  const url = /http:\S+/.exec(said.toString())?.[0];
  if (url === undefined) throw new Error(`${words.join(' ')} did not start: ${said}`);
  return {
    url,
    close() {
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      return closed;
    },
  };
}
