// `stratalog doctor` as a process: a log that is well, and each thing that can be wrong.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import { type CliResult, runCli } from '../support/cli.ts';

interface ToldCheck {
  readonly check: string;
  readonly result: string;
  readonly found: string;
  readonly advice?: string;
}

let home: LocalHome;
const servers: Server[] = [];

beforeAll(async () => {
  home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
});

afterAll(async () => {
  for (const server of servers) server.close();
  await home.close();
});

function doctor(endpoint: string, ...args: readonly string[]): Promise<CliResult> {
  return runCli(['doctor', ...args], { endpoint });
}

async function checksOf(endpoint: string, ...args: readonly string[]) {
  const { code, out, err } = await doctor(endpoint, '-o', 'json', ...args);
  const { checks }: { checks: ToldCheck[] } = JSON.parse(out);
  const byName = Object.fromEntries(checks.map((check) => [check.check, check]));
  return { code, err, byName, results: checks.map(({ check, result }) => `${check} ${result}`) };
}

type Answer = { readonly status: number; readonly body: string; readonly date?: string };

/** A server on the way to the home: it answers itself, or hands the home's answer on with another date. */
async function standIn(answer: (path: string) => Answer | { readonly date: string }) {
  const server = createServer(async (request, response) => {
    const decided = answer(request.url ?? '');
    const { date } = decided;
    if (date !== undefined) response.setHeader('date', date);
    response.setHeader('content-type', 'application/json');
    if ('status' in decided) {
      response.writeHead(decided.status).end(decided.body);
      return;
    }
    const passed = await fetch(home.url + (request.url ?? ''));
    response.writeHead(passed.status).end(await passed.text());
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const forbidden = (message: string) => () => ({ status: 403, body: JSON.stringify({ message }) });

describe('stratalog doctor', () => {
  it('finds nothing wrong with an empty local home, and says what it could not look at', async () => {
    const { code, results } = await checksOf(home.url);
    expect(code).toBe(0);
    expect(results).toEqual([
      'endpoint ok',
      'clock ok',
      'auth ok',
      'topics ok',
      'reading skipped',
      'groups ok',
      'producers ok',
    ]);
  });

  it('writes and reads a record when it is told to, and leaves nothing behind', async () => {
    const { code, out } = await doctor(home.url, '--write');
    expect(code).toBe(0);
    expect(out).toMatch(/^ok +writing +a record came back: \d+ ms in, \d+ ms out$/m);
    expect(await home.services.topics.list()).toEqual([]);
  });

  it('reads a record that is there', async () => {
    await home.services.topics.create({ name: 'empty', configs: {} });
    await home.services.topics.create({ name: 'orders', partitionCount: 3, configs: {} });
    const records = [{ topicName: 'orders', partition: 2, key: null, value: null, headers: [] }];
    await home.services.produce.produce({ acks: 'stored', records });
    const { byName } = await checksOf(home.url);
    expect(byName.reading).toMatchObject({ result: 'ok' });
    expect(byName.reading?.found).toContain('the first record of orders is there');
  });

  it('says what to start when nothing listens', async () => {
    const { code, out, err } = await doctor('http://127.0.0.1:9');
    expect(code).toBe(1);
    expect(out).toMatch(/^failed +endpoint +can't reach http:\/\/127\.0\.0\.1:9 \(ECONNREFUSED\)/);
    expect(out).toContain('→ start the log on this machine with npm start');
    expect(out).toMatch(/^skipped +groups +nothing answers$/m);
    expect(err).toBe('stratalog: 1 of 7 checks failed\n');
  });

  it('says that something else answers', async () => {
    const other = await standIn(() => ({ status: 404, body: '{"message":"Not Found"}' }));
    const { code, byName } = await checksOf(other);
    expect(code).toBe(1);
    expect(byName.endpoint).toMatchObject({ result: 'failed' });
    expect(byName.endpoint?.found).toContain('is no log (404: Not Found)');
    expect(byName.endpoint?.advice).toContain('output Url');
  });

  it('finds a clock that is an hour off', async () => {
    const date = new Date(Date.now() - 3_600_000).toUTCString();
    const { code, byName } = await checksOf(await standIn(() => ({ date })));
    expect(code).toBe(1);
    expect(byName.clock?.found).toMatch(/clock is 3\d{3} s ahead of the server's/);
  });

  it('says what to do when a signature is refused', async () => {
    const refusing = await standIn(forbidden('Forbidden'));
    const env = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' };
    const args = ['doctor', '--region', 'us-east-1'];
    const { code, out } = await runCli(args, { endpoint: refusing, env });
    expect(code).toBe(1);
    expect(out).toMatch(/^failed +auth +Forbidden$/m);
    expect(out).toContain('the region (us-east-1) is not the API');
  });

  it('says that there are no credentials to sign with', async () => {
    const env = {
      AWS_CONFIG_FILE: '/nowhere',
      AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_ACCESS_KEY_ID: '',
    };
    const args = ['doctor', '--region', 'us-east-1'];
    const { code, out } = await runCli(args, { endpoint: home.url, env });
    expect(code).toBe(1);
    expect(out).toMatch(/^failed +endpoint +no AWS credentials to sign with/);
    expect(out).toContain('→ set AWS_ACCESS_KEY_ID');
  });

  it('tells a function that lacks its table from those that are well', async () => {
    const message = 'Scan found no such table or bucket (ResourceNotFoundException)';
    const body = JSON.stringify({ message, kafka_error: 'KAFKA_STORAGE_ERROR', request_id: 'r-1' });
    const broken = await standIn((path) =>
      path.startsWith('/consumer-groups')
        ? { status: 503, body }
        : { date: new Date().toUTCString() },
    );
    const { code, byName } = await checksOf(broken);
    expect(code).toBe(1);
    expect(byName.topics).toMatchObject({ result: 'ok' });
    expect(byName.groups).toMatchObject({ result: 'failed', found: message });
    expect(byName.groups?.advice).toContain('request r-1');
  });

  it('warns where the caller may do some things only', async () => {
    const partly = await standIn((path) =>
      path === '/topics'
        ? { status: 403, body: '{"message":"Forbidden"}' }
        : { date: new Date().toUTCString() },
    );
    const { code, byName } = await checksOf(partly);
    expect(code).toBe(0);
    expect(byName.auth).toMatchObject({ result: 'warning' });
    expect(byName.topics).toMatchObject({ result: 'skipped' });
  });

  it('is called wrongly without a region for a stack, or with no URL', async () => {
    const env = { AWS_REGION: '', AWS_DEFAULT_REGION: '', STRATALOG_REGION: '' };
    expect(await runCli(['doctor', '--stack', 'x'], { env })).toMatchObject({ code: 2 });
    expect(await doctor('nowhere')).toMatchObject({ code: 2 });
  });
});
