#!/usr/bin/env node
// Starts the CLI. Its source is TypeScript, which Node runs by itself from 22.18 on; an older Node hands over to the one
// that the checkout has pinned in node_modules.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const isRecent = major > 22 || (major === 22 && minor >= 18);
const built = new URL('../../dist/lib/cli/main.js', import.meta.url);
const isInstalled = import.meta.url.includes('/node_modules/') && existsSync(built);

if (isRecent) {
  process.removeAllListeners('warning');
  const { main } = await import(
    isInstalled ? built.href : new URL('main.ts', import.meta.url).href
  );
  process.exitCode = await main(process.argv.slice(2));
} else {
  const pinned = fileURLToPath(new URL('../../node_modules/node/bin/node', import.meta.url));
  if (!existsSync(pinned)) {
    process.stderr.write(
      `stratalog needs Node 22.18 or later, this is ${process.version}; install one, or run npm ci here\n`,
    );
    process.exit(1);
  }
  const child = spawn(pinned, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  // A terminal tells both; other senders tell only this one.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (signal !== null) process.kill(process.pid, signal);
    else process.exit(code ?? 1);
  });
}
