// Batches for `for await`: a handler that hands each batch to the loop and is done when the loop asks for the next one.

import type { EachBatchPayload } from './payloads.ts';

interface Offer {
  readonly payload: EachBatchPayload;
  readonly accept: () => void;
  readonly refuse: (error: Error) => void;
}

export class PullChannel {
  #offers: Offer[] = [];
  #wake: (() => void) | undefined;
  #end: { readonly error?: Error } | undefined;
  readonly #left: () => void;

  /** `left` is called when the loop ends by itself, before its last batch is given back. */
  constructor(left: () => void) {
    this.#left = left;
  }

  /** Resolves when the loop has finished with the batch; rejects when it never will. */
  offer(payload: EachBatchPayload): Promise<void> {
    return new Promise((accept, refuse) => {
      if (this.#end !== undefined) {
        refuse(new Error('the loop over the consumer has ended'));
        return;
      }
      this.#offers.push({ payload, accept, refuse });
      this.#wake?.();
    });
  }

  /** The loop ends, or throws, after the batch it is at. */
  close(error?: Error): void {
    this.#end ??= error === undefined ? {} : { error };
    this.#wake?.();
  }

  async *batches(): AsyncGenerator<EachBatchPayload, void, undefined> {
    try {
      for (let offer = await this.#next(); offer !== undefined; offer = await this.#next()) {
        yield* this.#lend(offer);
      }
      if (this.#end?.error !== undefined) throw this.#end.error;
    } finally {
      this.close();
      for (const { refuse } of this.#offers.splice(0)) refuse(new Error('the loop has ended'));
    }
  }

  async #next(): Promise<Offer | undefined> {
    while (this.#offers.length === 0 && this.#end === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#offers.shift();
  }

  /** The batch is given back when the loop asks for more; a loop that is left never does. */
  *#lend({ payload, accept, refuse }: Offer): Generator<EachBatchPayload, void, undefined> {
    let isFinished = false;
    try {
      yield payload;
      isFinished = true;
      accept();
    } finally {
      if (!isFinished) {
        this.#left();
        refuse(new Error('the loop over the consumer was left'));
      }
    }
  }
}
