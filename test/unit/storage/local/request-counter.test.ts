import { describe, expect, it } from 'vitest';
import { walKey } from '../../../../lib/log/keys.ts';
import { createLocalStorage } from '../../../../lib/storage/local/local-storage.ts';
import { countRequests } from '../../../../lib/storage/local/request-counter.ts';

const KEY = walKey('01JD0000000000000000000001');

class Store {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  async read(suffix: string): Promise<string> {
    return this.#name + suffix;
  }

  async refuse(): Promise<never> {
    throw new Error('no');
  }
}

describe('countRequests', () => {
  it('passes calls on to the methods of classes, and counts them, failed ones too', async () => {
    const { ports, requests } = countRequests({ store: new Store('a'), other: new Store('b') });
    expect(await ports.store.read('1')).toBe('a1');
    expect(await ports.other.read('2')).toBe('b2');
    await expect(ports.store.refuse()).rejects.toThrow('no');
    expect(requests.read()).toEqual(
      new Map([
        ['read', 2],
        ['refuse', 1],
      ]),
    );
  });

  it('counts what the local storage is asked, and forgets it when told to', async () => {
    const { objects, topics, requests } = createLocalStorage({
      directory: ':memory:',
      baseUrl: () => 'http://127.0.0.1:9',
    });
    await topics.getTopic('orders');
    await objects.putObject({ key: KEY, chunks: [Uint8Array.of(1)], nonce: 'n' });
    await objects.referenceRange({ key: KEY, positionBytes: 0, lengthBytes: 1 }, 0);
    expect(requests.read()).toEqual(
      new Map([
        ['getTopic', 1],
        ['putObject', 1],
      ]),
    );
    requests.reset();
    expect(requests.read().size).toBe(0);
  });
});
