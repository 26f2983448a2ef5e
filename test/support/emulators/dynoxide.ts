// dynoxide: DynamoDB over SQLite, one native binary for Linux on x64; up in 30 ms. It is no dependency of the package,
// because npm would refuse to install it anywhere else.

import { join } from 'node:path';
import { type Server, startServer } from './server.ts';
import { installTool } from './tools.ts';

const VERSION = '1.2.1';
const PACKAGE = '@dynoxide/linux-x64';

/** Why dynoxide can't run here; undefined where it can. */
export const DYNOXIDE_MISSING =
  process.platform === 'linux' && process.arch === 'x64'
    ? undefined
    : `dynoxide is published for linux-x64 only, and this is ${process.platform}-${process.arch}`;

/** A server with nothing in it. */
export async function startDynoxide(): Promise<Server> {
  const binary = join('node_modules', PACKAGE, 'dynoxide');
  const folder = await installTool({
    name: `dynoxide-${VERSION}`,
    file: binary,
    steps: (prefix) => [
      {
        command: 'npm',
        args: [
          ...['install', '--no-save', '--no-audit', '--no-fund'],
          ...['--prefix', prefix, `${PACKAGE}@${VERSION}`],
        ],
      },
    ],
  });
  return await startServer({
    name: 'dynoxide',
    command: join(folder, binary),
    args: (port) => ['--host', '127.0.0.1', '--port', String(port)],
  });
}
