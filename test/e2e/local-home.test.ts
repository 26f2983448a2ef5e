// `npm start` as a process: started, killed in the middle of work, started again on the same data.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { childEnvironment } from '../support/child-environment.ts';
import { waitUntil } from '../support/client.ts';
import { curlLines, runCurl } from '../support/curl.ts';

const MAIN = fileURLToPath(new URL('../../lib/local/main.ts', import.meta.url));

let folder: string;
const running = new Set<ChildProcess>();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stratalog-'));
});

afterEach(async () => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
  await rm(folder, { recursive: true, force: true });
});

interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

function run(...args: string[]): Started {
  const env = childEnvironment();
  const child = spawn(process.execPath, [MAIN, '--data-dir', folder, ...args], { env });
  running.add(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal);
  return { child, output: () => text, ended };
}

async function start(): Promise<Started & { readonly url: string }> {
  const started = run('--port', '0');
  const urlOf = () => /http:\/\/127\.0\.0\.1:\d+/.exec(started.output())?.[0];
  await waitUntil(() => urlOf() !== undefined || started.child.exitCode !== null);
  const url = urlOf();
  if (url === undefined) throw new Error(`did not start: ${started.output()}`);
  return { ...started, url };
}

const post = (url: string, json: unknown) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(json),
  });

async function readValues(url: string): Promise<string[]> {
  const values: string[] = [];
  for (let offset = 0; ; ) {
    const response = await fetch(`${url}/topics/t/partitions/0/records?offset=${offset}`);
    const read = (await response.json()) as {
      records: { offset: number; value: { data: string } }[];
      next_offset: number;
    };
    for (const [index, record] of read.records.entries()) {
      expect(record.offset).toBe(offset + index);
      values.push(record.value.data);
    }
    if (read.next_offset === offset) return values;
    offset = read.next_offset;
  }
}

/** Resolves when the home has the request, which is some time before it answers: what it answers. */
async function sendFirst(url: string, path: string): Promise<{ answer: Promise<string> }> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const answer = text(socket);
  await new Promise((resolve) => socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`, resolve));
  // What is asked on connections that were made later is read later.
  for (let times = 0; times < 3; times += 1) await fetch(`${url}/health`);
  return { answer };
}

describe('npm start', () => {
  it('keeps every acknowledged record through kill -9, and nothing twice (durable, dense)', async () => {
    const acknowledged: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      const home = await start();
      await post(`${home.url}/topics`, { topic_name: 't' });
      const writers = Array.from({ length: 8 }, async (_, writer) => {
        for (let index = 0; ; index += 1) {
          const data = `${round}/${writer}/${index}`;
          const value = { type: 'STRING', data };
          const response = await post(`${home.url}/topics/t/records`, { value }).catch(() => null);
          if (response === null) return;
          if (response.status === 200) acknowledged.push(data);
        }
      });
      const enough = 100 * (round + 1);
      await waitUntil(() => acknowledged.length >= enough);
      home.child.kill('SIGKILL');
      expect(await home.ended).toBe('SIGKILL');
      await Promise.all(writers);
    }
    const home = await start();
    const values = await readValues(home.url);
    expect(new Set(values).size).toBe(values.length);
    expect(values).toEqual(expect.arrayContaining(acknowledged));
  });

  it.each(['prints', 'has in the README'])('%s lines to paste, which work', async (where) => {
    const home = await start();
    const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
    const document = readme.replaceAll('http://127.0.0.1:4510', home.url);
    const lines = curlLines(where === 'prints' ? home.output() : document);
    const answers: unknown[] = [];
    for (const line of lines) answers.push(await runCurl(line));
    const value = { type: 'STRING', data: '{"total":42}' };
    expect(answers).toMatchObject([
      { topic_name: 'orders', partitions_count: 3 },
      { partition_id: 0, offset: 0 },
      { records: [{ offset: 0, key: { data: 'order-17' }, value }] },
    ]);
  });

  it('answers who waits, and stops when told to', async () => {
    const home = await start();
    expect((await post(`${home.url}/topics`, { topic_name: 'orders' })).status).toBe(201);
    const path = '/topics/orders/partitions/0/records?min_bytes=1&max_wait_ms=20000';
    const { answer } = await sendFirst(home.url, path);
    home.child.kill('SIGTERM');
    expect(await answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(await home.ended).toBe(0);
  });

  it('says in a line why it cannot start', async () => {
    const home = await start();
    const taken = run('--port', new URL(home.url).port);
    expect(await taken.ended).toBe(1);
    expect(taken.output()).toMatch(/^port \d+ of 127\.0\.0\.1 is taken.*\n$/);
    const wrong = run('--port', 'many');
    expect(await wrong.ended).toBe(2);
    expect(wrong.output()).toMatch(/--port is a number/);
    const file = join(folder, 'file');
    await writeFile(file, '');
    const noFolder = run('--data-dir', file, '--port', '0');
    expect(await noFolder.ended).toBe(1);
    expect(noFolder.output().trim().split('\n')).toHaveLength(1);
  });

  it('explains itself', async () => {
    const help = run('--help');
    expect(await help.ended).toBe(0);
    expect(help.output()).toMatch(/--data-dir DIR/);
  });
});
