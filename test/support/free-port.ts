// Ports for servers that tests start as processes, and start again on the same one. They lie below those that systems give
// to outgoing connections: such a port could be taken by any client while its server is away, even by one that tries to
// reach that server and is connected to itself.

import { createServer } from 'node:net';

const FIRST = 10_000;
/** Linux gives out ports from 32,768 on. */
const COUNT = 22_000;
/** Far apart for processes that begin one after the other. */
const STEP = 37;

let next = (process.pid * STEP * STEP) % COUNT;

/** A port of 127.0.0.1 that nobody listens on now, and that no other call of this process gives. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < COUNT; tries += 1) {
    const port = FIRST + next;
    next = (next + STEP) % COUNT;
    if (await isFree(port)) return port;
  }
  throw new Error(`every port from ${FIRST} on is taken`);
}

async function isFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => {
      probe.close(() => resolve(true));
    });
  });
}
