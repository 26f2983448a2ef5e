// Does what a `curl` line of a document or a program's output says, without curl: the shell splits the line into words,
// and fetch sends them.

import { execFileSync } from 'node:child_process';
import { required } from '../../lib/assert.ts';

/** Every `curl` command of a text, lines that go on with a backslash included. */
export function curlLines(text: string): readonly string[] {
  return [...text.matchAll(/^ *(curl (?:.*\\\n)*.*)$/gm)].map(([, line = '']) => line);
}

/** The JSON that a command gets. Knows -s, -X, -H and -d. */
export async function runCurl(line: string): Promise<unknown> {
  const script = `curl() { for word in "$@"; do printf '%s\\0' "$word"; done; }\n${line}`;
  const words = execFileSync('sh', ['-c', script]).toString().split('\0').slice(0, -1);
  const headers: Record<string, string> = {};
  let url = '';
  let method = 'GET';
  let body: string | undefined;
  const next = (): string => words.shift() ?? '';
  const options: Readonly<Record<string, () => void>> = {
    '-s': () => undefined,
    '-X': () => {
      method = next();
    },
    '-d': () => {
      body = next();
    },
    '-H': () => {
      const [name = '', value = ''] = next().split(': ');
      headers[name] = value;
    },
  };
  while (words.length > 0) {
    const word = next();
    if (word.startsWith('http')) url = word;
    else required(options[word], `curl's "${word}"`)();
  }
  const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) });
  return response.json();
}
