// versitygw: S3 over a folder, with signatures checked; built from source by Go in about a minute.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AwsServer } from './aws-server.ts';
import { startServer } from './server.ts';
import { installTool } from './tools.ts';

const VERSION = '1.8.0';
const PACKAGE = 'github.com/versity/versitygw/cmd/versitygw';

/** A server with nothing in it; its folder goes when it stops. */
export async function startVersitygw(): Promise<AwsServer> {
  const folder = await installTool({
    name: `versitygw-${VERSION}`,
    file: 'versitygw',
    steps: (place) => [
      { command: 'go', args: ['install', `${PACKAGE}@v${VERSION}`], env: { GOBIN: place } },
    ],
  });
  const data = mkdtempSync(join(tmpdir(), 'stratalog-versitygw-'));
  const credentials = { accessKeyId: 'test', secretAccessKey: 'testtest' };
  const server = await startServer({
    name: 'versitygw',
    command: join(folder, 'versitygw'),
    args: (port) => [
      ...['--access', credentials.accessKeyId, '--secret', credentials.secretAccessKey],
      ...['--port', `127.0.0.1:${port}`, '--keep-alive', 'posix', data],
    ],
  });
  return {
    endpoint: server.endpoint,
    credentials,
    async stop() {
      await server.stop();
      rmSync(data, { recursive: true, force: true });
    },
  };
}
