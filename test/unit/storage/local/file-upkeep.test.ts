// Uploads on disk beyond the contract: what a disk that is full, or a try that failed half way, may leave.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLocalStorage } from '../../../../lib/storage/local/local-storage.ts';
import { objectPath } from '../../../../lib/storage/local/object-files.ts';

const KEY = 'log/AAAAAAAAQACAAAAAAAAAAA/0/01JD0000000000000000000001/00000000000000000000.log';
const MODULE = fileURLToPath(
  new URL('../../../../lib/storage/local/local-storage.ts', import.meta.url),
);
/** Puts a part of two MB, and says what became of it. */
const PUT_PART = `
  const { createLocalStorage } = await import(${JSON.stringify(MODULE)});
  const { upkeep } = createLocalStorage({ directory: process.argv[1] });
  const key = ${JSON.stringify(KEY)};
  const uploadId = await upkeep.beginUpload({ key, partBytes: 2_000_000 });
  const part = { key, uploadId, partNumber: 1, bytes: new Uint8Array(2_000_000) };
  const outcome = await upkeep.putPart(part).then(() => 'stored', ({ code }) => code);
  process.stdout.write(outcome);
  process.exit(0);
`;

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'stratalog-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

describe('an upload', () => {
  it.skipIf(process.platform === 'win32')(
    'fails where the disk takes only some of a part (durable)',
    () => {
      // A limit that is met within a write cuts it short, as a full disk does, without an error.
      const limited = 'trap "" XFSZ; ulimit -f 1000; exec "$@"';
      const node = [process.execPath, '--disable-warning=ExperimentalWarning', '-e', PUT_PART];
      const run = spawnSync('bash', ['-c', limited, '-', ...node, '--', directory]);
      expect([run.stdout.toString(), run.stderr.toString()]).toEqual(['STORAGE_UNAVAILABLE', '']);
    },
  );

  it('is completed by another try where one failed at its end, and is what was put', async () => {
    const storage = createLocalStorage({ directory });
    const { upkeep, objects } = storage;
    const bytes = new Uint8Array(100).fill(7);
    const uploadId = await upkeep.beginUpload({ key: KEY, partBytes: 100 });
    const parts = [await upkeep.putPart({ key: KEY, uploadId, partNumber: 1, bytes })];
    const paths = { objects: join(directory, 'objects'), staging: join(directory, 'staging') };
    const inItsWay = objectPath(paths, KEY);
    writeFileSync(inItsWay, '');
    const complete = () => upkeep.completeUpload({ key: KEY, uploadId, parts });
    await expect(complete()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    rmSync(inItsWay);
    await complete();
    expect(await objects.getRange({ key: KEY, positionBytes: 0, lengthBytes: 100 })).toEqual(bytes);
    expect((await upkeep.listObjects({ prefix: 'log/', limit: 10 })).objects).toEqual([
      { key: KEY, sizeBytes: 100 },
    ]);
    await storage.close();
  });

  it('is not completed when a part is missing', async () => {
    const storage = createLocalStorage({ directory });
    const { upkeep } = storage;
    const uploadId = await upkeep.beginUpload({ key: KEY, partBytes: 100 });
    const [part, tag] = [{ key: KEY, uploadId, bytes: new Uint8Array(100) }, '100'];
    const first = await upkeep.putPart({ ...part, partNumber: 1 });
    const upload = { key: KEY, uploadId, parts: [first, { partNumber: 2, tag }] };
    await expect(upkeep.completeUpload(upload)).rejects.toThrow(/all parts are there/);
    expect((await upkeep.listObjects({ prefix: 'log/', limit: 10 })).objects).toEqual([]);
    await storage.close();
  });
});
