// Connections of the local home: who goes away isn't waited for, and who waits doesn't keep it from closing.

import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';

const WAIT = '/topics/orders/partitions/0/records?from=latest&min_bytes=1&max_wait_ms=20000';

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
    if (tries > 500) throw new Error('it never came true');
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
    await pause(100);
    const looks = headsRead(home);
    await pause(300);
    expect(headsRead(home)).toBe(looks);
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
    await pause(50);
    broken.destroy();
    await pause(50);
    const partition = await fetch(`${home.url}/topics/orders/partitions/0`);
    expect(await partition.json()).toMatchObject({ next_offset: 0 });
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
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    await expect(fetch(home.url)).rejects.toThrow();
  });
});
