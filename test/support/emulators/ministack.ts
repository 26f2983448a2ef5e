// MiniStack: S3, DynamoDB, Lambda, API Gateway and CloudFormation in one Python process; needs Python 3.10. Signatures
// are checked, so that a reference that opens too much is found.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AwsServer } from './aws-server.ts';
import { startServer } from './server.ts';
import { installTool } from './tools.ts';

const VERSION = '1.5.33';
/** It checks tokens only where it finds this. */
const CRYPTOGRAPHY_VERSION = '50.0.2';

/** A server with nothing in it, in memory. */
export async function startMinistack(): Promise<AwsServer> {
  const folder = await installTool({
    name: `ministack-${VERSION}-${CRYPTOGRAPHY_VERSION}`,
    file: join('packages', 'ministack', '__main__.py'),
    // No virtual environment: its scripts hold the folder's name, and the folder is moved.
    steps: (place) => [
      {
        command: 'python3',
        args: [
          '-m',
          'pip',
          'install',
          ...['-q', '--disable-pip-version-check', '--retries', '5'],
          ...['--target', join(place, 'packages')],
          `ministack==${VERSION}`,
          `cryptography==${CRYPTOGRAPHY_VERSION}`,
        ],
      },
    ],
  });
  const data = mkdtempSync(join(tmpdir(), 'stratalog-ministack-'));
  const server = await startServer({
    name: 'ministack',
    command: 'python3',
    args: () => ['-m', 'ministack'],
    env: (port) => ({
      PYTHONPATH: join(folder, 'packages'),
      GATEWAY_PORT: String(port),
      BIND_HOST: '127.0.0.1',
      AUTH: 'true',
      S3_DATA_DIR: data,
      TMPDIR: data,
    }),
  });
  return {
    endpoint: server.endpoint,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    async stop() {
      await server.stop();
      rmSync(data, { recursive: true, force: true });
    },
  };
}
