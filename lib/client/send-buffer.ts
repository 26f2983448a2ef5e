// How many bytes a producer holds, and who waits for room, first come first served.

import { StratalogClientError } from './errors.ts';

interface Waiter {
  readonly sizeBytes: number;
  readonly enter: () => void;
}

export class SendBuffer {
  readonly #limitBytes: number;
  readonly #waiters: Waiter[] = [];
  #heldBytes = 0;

  get heldBytes(): number {
    return this.#heldBytes;
  }

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /**
   * Takes `sizeBytes`: at once (undefined), or when there is room. A send larger than the whole buffer has room when
   * the buffer is empty. Errors: buffer-full after `waitMsMax`.
   */
  reserve(sizeBytes: number, waitMsMax: number): Promise<void> | undefined {
    if (this.#waiters.length === 0 && this.#fits(sizeBytes)) {
      this.#heldBytes += sizeBytes;
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        sizeBytes,
        enter: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        reject(
          new StratalogClientError(
            'buffer-full',
            `the producer's buffer of ${this.#limitBytes} bytes was full for ${waitMsMax} ms; send less at once, or raise bufferBytes or maxBlock`,
          ),
        );
      }, waitMsMax);
      this.#waiters.push(waiter);
    });
  }

  release(sizeBytes: number): void {
    this.#heldBytes -= sizeBytes;
    for (
      let [next] = this.#waiters;
      next !== undefined && this.#fits(next.sizeBytes);
      [next] = this.#waiters
    ) {
      this.#waiters.shift();
      this.#heldBytes += next.sizeBytes;
      next.enter();
    }
  }

  #fits(sizeBytes: number): boolean {
    return this.#heldBytes === 0 || this.#heldBytes + sizeBytes <= this.#limitBytes;
  }
}
