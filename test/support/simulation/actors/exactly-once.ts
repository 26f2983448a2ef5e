// Consume, transform, produce: what a member makes of what it has read, and the offset behind that, in one transaction.
// Its producer is initialised before it claims anything, so that what an earlier instance left under way has come to an
// end before the committed offset is heard.

import type { Client } from '../client.ts';
import { pickPlace } from './sending.ts';
import { Instance } from './transaction.ts';

interface Handled {
  readonly groupId: string;
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly topicName: string;
  readonly partition: number;
  /** What was committed before, and what is to be. */
  readonly from: number;
  readonly to: number;
}

export class ExactlyOnce {
  readonly #client: Client;
  #instance: Instance | undefined;
  #number = 0;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Whether there is a producer; nothing may be claimed before. */
  async prepare(): Promise<boolean> {
    const { name } = this.#client;
    const asked = { transactionalId: `of ${name}`, isAlone: true };
    this.#instance ??= await Instance.start(this.#client, asked);
    return this.#instance !== undefined;
  }

  /** `again`: nothing became of it. `unknown`: the committed offset must be heard again. */
  async handle(handled: Handled): Promise<'done' | 'again' | 'unknown'> {
    const instance = this.#instance;
    if (instance === undefined) return 'unknown';
    const verdict = await this.#run(instance, handled);
    if (verdict === 'done') return 'done';
    if (verdict === 'refused' && (await instance.end('aborted')) === 'done') return 'again';
    this.#instance = undefined;
    return 'unknown';
  }

  async #run(instance: Instance, handled: Handled): Promise<'done' | 'refused' | 'lost'> {
    const { groupId, memberId, memberEpoch, ...offset } = handled;
    this.#number += 1;
    if (offset.from < offset.to) {
      const made = await instance.stage([pickPlace(this.#client)], this.#number);
      if (made !== 'done') return made;
    }
    const staged = await instance.stageOffset({ groupId, memberId, memberEpoch }, offset);
    return staged === 'done' ? await instance.end('committed') : staged;
  }
}
