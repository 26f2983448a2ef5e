// The CLI as a process against a local home.

import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import { type CliResult, runCli, startCli } from '../support/cli.ts';
import { waitUntil } from '../support/client.ts';

let home: LocalHome;
let directory: string;

beforeAll(async () => {
  home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
  directory = await mkdtemp(join(tmpdir(), 'stratalog-cli-'));
});

afterAll(async () => {
  await home.close();
  await rm(directory, { recursive: true });
});

function cli(args: string, input: string | Buffer = ''): Promise<CliResult> {
  return runCli(args.split(' '), { endpoint: home.url, input });
}

describe('stratalog topics', () => {
  it('creates, lists, describes, alters and deletes', async () => {
    const created = await cli('topics create orders --partitions 2 --config retention.ms=-1');
    expect(created).toMatchObject({ code: 0, err: '' });
    expect(created.out).toContain('retention.ms=-1');
    const listed = await cli('topics list -o json');
    expect(JSON.parse(listed.out)).toEqual([{ name: 'orders', partitions: 2 }]);
    const altered = await cli('topics alter orders -p 4 --delete-config retention.ms');
    expect(altered.err).toContain('other partitions');
    const described = JSON.parse((await cli('topics describe orders -o json')).out);
    expect(described).toMatchObject({ topic: 'orders', configs: { 'retention.ms': '604800000' } });
    expect(described.partitions).toHaveLength(4);
    expect((await cli('topics delete orders')).code).toBe(0);
    const gone = await cli('topics describe orders');
    expect(gone).toMatchObject({ code: 1, out: '' });
    expect(gone.err).toContain('UNKNOWN_TOPIC_OR_PARTITION');
  });

  it('does not mind a topic that exists, if told so', async () => {
    await cli('topics create twice');
    expect(await cli('topics create twice')).toMatchObject({ code: 2 });
    expect(await cli('topics create twice --if-not-exists')).toMatchObject({ code: 0 });
  });
});

describe('stratalog produce and consume', () => {
  it('takes lines with keys and headers, and prints them as JSON', async () => {
    await cli('topics create lines -p 1');
    const produced = await cli('produce lines -K : -H source=test -o json', 'a:1\nb:2:3\n');
    expect(JSON.parse(produced.out)).toEqual({
      topic: 'lines',
      records: 2,
      partitions: [{ partition: 0, records: 2, first_offset: 0 }],
    });
    const { out } = await cli('consume lines -o json');
    const records = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(records.map(({ key, value, offset }) => [key, value, offset])).toEqual([
      ['a', '1', 0],
      ['b', '2:3', 1],
    ]);
    expect(records[0].headers).toEqual({ source: 'test' });
  });

  it('takes a file, a place to begin, and a number to stop at', async () => {
    const file = join(directory, 'numbers.txt');
    await writeFile(file, Array.from({ length: 2_000 }, (_, index) => `${index}\n`).join(''));
    await cli('topics create numbers -p 1');
    const produced = await cli(`produce numbers --file ${file} -z gzip`);
    expect(produced.err).toContain('2000 records to numbers');
    const some = await cli('consume numbers --from 1990 --max 3');
    expect(some.out.trim().split('\n')).toHaveLength(4);
    expect(some.out).toMatch(/1990 +\d{4}-.*1990\n/);
    expect((await cli('consume numbers --from latest')).out).toBe('');
    const soon = new Date(Date.now() + 60_000).toISOString();
    expect((await cli(`consume numbers --from ${soon}`)).err).toBe('0 records\n');
    const early = await cli('consume numbers --from 2020-01-01 --max 1 -o json');
    expect(JSON.parse(early.out)).toMatchObject({ offset: 0, value: '0' });
  });

  it('follows until Ctrl-C, which ends it well', async () => {
    await cli('topics create live -p 2');
    const following = startCli(['consume', 'live', '--follow', '-o', 'json'], {
      endpoint: home.url,
    });
    await cli('produce live -p 1', 'first\n');
    await waitUntil(() => following.out().includes('first'));
    await cli('produce live -p 0', 'second\n');
    await waitUntil(() => following.out().includes('second'));
    following.child.kill('SIGINT');
    expect(await following.done).toMatchObject({ code: 0, err: '2 records\n' });
  });

  it('ends quietly when nobody reads on', async () => {
    const shell = spawn(
      'sh',
      ['-c', `"${process.execPath}" lib/cli/stratalog.mjs consume numbers | head -1`],
      { env: { ...process.env, STRATALOG_ENDPOINT: home.url } },
    );
    let out = '';
    let err = '';
    shell.stdout.on('data', (chunk) => {
      out += chunk;
    });
    shell.stderr.on('data', (chunk) => {
      err += chunk;
    });
    const code = await new Promise((resolve) => {
      shell.on('close', resolve);
    });
    expect([code, out.split('\n').length]).toEqual([0, 2]);
    expect(err).not.toMatch(/EPIPE|Error/);
  });

  it('takes lines byte for byte, and only line feeds end them', async () => {
    await cli('topics create bytes');
    const binary = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('\nno end')]);
    await cli('produce bytes', Buffer.concat([Buffer.from('"a\u2028b"\rc\r\n\n'), binary]));
    const { out } = await cli('consume bytes -o json');
    const values = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).value);
    expect(values).toEqual(['"a\u2028b"\rc', '', 'base64://4=', 'no end']);
  });

  it('says which line has no key, and how many were sent', async () => {
    await cli('topics create keyed');
    const failed = await cli('produce keyed -K ::', 'ä::1\nb::2\nnothing\nc::3\n');
    expect(failed).toMatchObject({ code: 2, out: '' });
    expect(failed.err).toContain('2 records were sent');
    expect(failed.err).toContain('line 3 is without the key separator "::": nothing');
    const read = await cli('consume keyed -o json');
    expect(
      read.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { key: 'ä', value: '1' },
      { key: 'b', value: '2' },
    ]);
  });

  it('fails at once when a record can’t be sent, though more may come', async () => {
    const sending = startCli(['produce', 'no-such-topic'], { endpoint: home.url });
    sending.child.stdin?.write('a\n');
    expect(await sending.done).toMatchObject({ code: 1 });
  });

  it('says why a file can’t be read', async () => {
    const missing = await cli(`produce numbers --file ${join(directory, 'none')}`);
    expect(missing).toMatchObject({ code: 2, err: expect.stringContaining('no such file') });
    const folder = await cli(`produce numbers --file ${directory}`);
    expect(folder).toMatchObject({ code: 2, err: expect.stringContaining('a directory') });
  });
});

describe('stratalog', () => {
  it('explains itself, each command, and each group of commands', async () => {
    const help = await cli('--help');
    expect(help).toMatchObject({ code: 0, err: '' });
    for (const command of ['topics create', 'produce', 'consume']) {
      expect(help.out).toContain(command);
      const own = await cli(`${command} --help`);
      expect(own).toMatchObject({ code: 0, err: '' });
      expect(own.out).toMatch(/Usage: .*\n[\s\S]*Options:[\s\S]*Examples:/);
    }
    expect(await cli('topics --help')).toMatchObject({ code: 0 });
  });

  it.each([
    ['bogus', 'no command "bogus"'],
    ['topics bogus', 'create, list, describe'],
    ['topics create', 'usage: stratalog topics create <topic>'],
    ['topics create a --partitions many', '--partitions takes a whole number'],
    ['topics list --bogus', '--bogus'],
    ['topics list -o yaml', '--output takes table, json'],
    ['consume a --from yesterday', '--from takes earliest, latest'],
  ])('called as "%s" ends with 2 and a hint', async (args, hint) => {
    const called = await cli(args);
    expect(called).toMatchObject({ code: 2, out: '' });
    expect(called.err).toContain(hint);
  });

  it('says how to start a server when there is none', async () => {
    const gone = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
    await gone.close();
    const failed = await runCli(['topics', 'list'], { endpoint: gone.url });
    expect(failed).toMatchObject({ code: 1, out: '' });
    expect(failed.err).toContain(`can't reach ${gone.url}`);
    expect(failed.err).toContain('npm start');
  });
});
