// Connections of the local home: who goes away isn't waited for, and who waits doesn't keep it from closing.

import { connect } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';

const WAIT_MS = 20_000;
const WAIT = `/topics/orders/partitions/0/records?from=latest&min_bytes=1&max_wait_ms=${WAIT_MS}`;

async function startHome(): Promise<LocalHome> {
  const home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
  const body = JSON.stringify({ topic_name: 'orders', partitions_count: 1 });
  const headers = { 'content-type': 'application/json' };
  await fetch(`${home.url}/topics`, { method: 'POST', headers, body });
  return home;
}

const headsRead = (home: LocalHome): number => home.storage.requests.read().get('readHeads') ?? 0;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(isTrue: () => boolean): Promise<void> {
  for (let tries = 0; !isTrue(); tries += 1) {
    if (tries > 5_000) throw new Error('it never came true');
    await pause(10);
  }
}

describe('a fetch that waits', () => {
  it('stops looking when its client has gone', async () => {
    const home = await startHome();
    const going = new AbortController();
    const fetched = fetch(home.url + WAIT, { signal: going.signal });
    await until(() => headsRead(home) > 3);
    going.abort();
    await expect(fetched).rejects.toThrow('aborted');
    const abortedAt = performance.now();
    // A wait looks many times a second; this one would go on for 20 s.
    for (let looks = -1; looks !== headsRead(home); await pause(300)) looks = headsRead(home);
    expect(performance.now() - abortedAt).toBeLessThan(WAIT_MS - 5_000);
    await home.close();
  });

  it('is answered with what there is when the home closes, and takes a record at once before', async () => {
    const home = await startHome();
    const first = fetch(home.url + WAIT);
    await until(() => headsRead(home) > 3);
    await fetch(`${home.url}/topics/orders/records`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"value":{"type":"STRING","data":"x"}}',
    });
    expect(await (await first).json()).toMatchObject({ next_offset: 1 });
    const waiting = fetch(home.url + WAIT);
    const looks = headsRead(home);
    await until(() => headsRead(home) > looks + 3);
    const closed = home.close();
    const answer = await waiting;
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ records: [], next_offset: 1 });
    await closed;
  });
});

describe('an upload', () => {
  it('that breaks off stores nothing, and the home goes on', async () => {
    const home = await startHome();
    const broken = connect(Number(new URL(home.url).port), '127.0.0.1');
    const head = [
      'POST /topics/orders/records HTTP/1.1',
      'host: log',
      'content-type: application/json',
      'content-length: 46',
      '',
      '{"value":{"type":"STRING","data":"hal',
    ];
    await new Promise((resolve) => broken.write(head.join('\r\n'), resolve));
    await pause(100);
    broken.destroy();
    await pause(100);
    const partition = await fetch(`${home.url}/topics/orders/partitions/0`);
    expect(await partition.json()).toMatchObject({ next_offset: 0 });
    await home.close();
  });

  it('in chunks that breaks off, or has no chunks, is the client’s fault', async () => {
    const home = await startHome();
    const complained = vi.spyOn(process.stderr, 'write');
    const head =
      'POST /topics/orders/records HTTP/1.1\r\nhost: log\r\ncontent-type: application/json\r\n';
    const chunked = `${head}transfer-encoding: chunked\r\n\r\n`;
    await breakOff(home, `${chunked}5\r\n{"val`);
    await breakOff(home, `${chunked}zz\r\n`);
    const body = '{"value":null}';
    const whole = await talk(home, `${chunked}e\r\n${body}\r\n0\r\n\r\n`);
    expect(whole).toContain('"offset":0');
    expect(complained).not.toHaveBeenCalled();
    complained.mockRestore();
    await home.close();
  });
});

/** Sends a text as it is, and goes away when it may have arrived. */
async function breakOff(home: LocalHome, request: string): Promise<void> {
  const socket = connect(Number(new URL(home.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.write(request, resolve));
  await pause(100);
  socket.destroy();
}

/** Sends a text as it is; resolves with the answer. */
function talk(home: LocalHome, request: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(home.url).port), '127.0.0.1', () =>
      socket.write(request),
    );
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
      // Whole answers say where they end; the test's are short.
      if (/\r\n\r\n\{.*\}$/s.test(answer)) socket.end();
    });
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(answer));
  });
}

describe('what is no request', () => {
  it.each([
    ['no HTTP', 'HELLO\r\n\r\n', 'HTTP'],
    ['an unknown method', 'BREW / HTTP/1.1\r\nhost: log\r\n\r\n', 'method'],
    ['no host', 'GET /health HTTP/1.1\r\nhost: a b\r\n\r\n', 'host'],
    ['no path', 'OPTIONS * HTTP/1.1\r\nhost: log\r\n\r\n', 'path'],
    ['endless headers', `GET / HTTP/1.1\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 'headers'],
    ['two lengths', 'POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n', 'HTTP'],
    ['an unknown expectation', 'GET / HTTP/1.1\r\nhost: a\r\nexpect: x\r\n\r\n', 'expect'],
  ])('%s: 400 in JSON, with a request id', async (_, request, reason) => {
    const home = await startHome();
    const [head = '', body = ''] = (await talk(home, request)).split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 400 /);
    const id = /^x-request-id: (\S+)$/im.exec(head)?.[1];
    const json = JSON.parse(body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1));
    expect(json).toMatchObject({ error_code: 40042, retriable: false, request_id: id });
    expect(json.message).toContain(reason);
    await home.close();
  });
});

describe('close', () => {
  it('does not wait for connections that carry no request', async () => {
    const home = await startHome();
    const { port } = new URL(home.url);
    const silent = connect(Number(port), '127.0.0.1');
    await new Promise((resolve) => silent.once('connect', resolve));
    const ended = new Promise((resolve) => silent.once('close', resolve));
    const startedAt = performance.now();
    await home.close();
    await ended;
    // Node itself would give such a connection a minute.
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    await expect(fetch(home.url)).rejects.toThrow();
  });
});
