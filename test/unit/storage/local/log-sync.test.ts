import { describe, expect, it } from 'vitest';
import { StratalogError } from '../../../../lib/errors.ts';
import { LogSync } from '../../../../lib/storage/local/log-sync.ts';

/** A log whose commits and synchronisations the test steers. */
class SteeredLog {
  version = 0;
  readonly syncs: { resolve(): void; reject(error: Error): void }[] = [];
  readonly sync = new LogSync(
    () => `${this.version}`,
    () => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      this.syncs.push({ resolve, reject });
      return promise;
    },
  );

  /** Asks, and notes when it is answered. */
  ask(): { answered: boolean; readonly answer: Promise<void> } {
    const asked = { answered: false, answer: this.sync.durable() };
    asked.answer.then(
      () => {
        asked.answered = true;
      },
      () => undefined,
    );
    return asked;
  }
}

const turn = () => new Promise(setImmediate);

describe('LogSync.durable', () => {
  it('waits for a synchronisation that began after the commit (durable)', async () => {
    const log = new SteeredLog();
    const first = log.ask();
    await turn();
    log.version = 1;
    const second = log.ask();
    await turn();
    log.syncs[0]?.resolve();
    await turn();
    expect([first.answered, second.answered, log.syncs.length]).toEqual([true, false, 2]);
    log.syncs[1]?.resolve();
    await second.answer;
  });

  it('lets who sees a commit wait for its synchronisation, with whoever waits already (visible-once-complete)', async () => {
    const log = new SteeredLog();
    const writer = log.ask();
    await turn();
    const reader = log.ask();
    await turn();
    expect([reader.answered, log.syncs.length]).toEqual([false, 1]);
    log.syncs[0]?.resolve();
    await Promise.all([writer.answer, reader.answer]);
  });

  it('asks the disk nothing when nothing was committed since', async () => {
    const log = new SteeredLog();
    const first = log.ask();
    await turn();
    log.syncs[0]?.resolve();
    await first.answer;
    await log.ask().answer;
    expect(log.syncs.length).toBe(1);
  });

  it('shares a synchronisation among commits that come while another one runs', async () => {
    const log = new SteeredLog();
    const asked = [log.ask()];
    await turn();
    for (log.version = 1; log.version < 10; log.version += 1) asked.push(log.ask());
    log.syncs[0]?.resolve();
    await turn();
    log.syncs[1]?.resolve();
    await Promise.all(asked.map(({ answer }) => answer));
    expect(log.syncs.length).toBe(2);
  });

  it('answers nothing any more after the disk has failed (durable)', async () => {
    const log = new SteeredLog();
    const first = log.ask();
    await turn();
    log.syncs[0]?.reject(new Error('EIO'));
    await expect(first.answer).rejects.toBeInstanceOf(StratalogError);
    log.version = 1;
    await expect(log.ask().answer).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      effect: 'unknown',
    });
    expect(log.syncs.length).toBe(1);
  });
});
