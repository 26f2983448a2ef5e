// The local home: the whole log in one process on this machine, behind the same HTTP application that Lambda serves.
// Data is in a directory (SQLite and files, every acknowledged write on disk) or in memory.

import type { Hono } from 'hono';
import { createApp } from '../api/app.ts';
import { allRoutes } from '../api/routes/all.ts';
import { required } from '../assert.ts';
import { LOCAL_POLL_MS_MAX, LOCAL_POLL_MS_MIN } from '../limits.ts';
import type { AllServices } from '../service/access/guard-all.ts';
import { createBackground } from '../service/background/background.ts';
import { createInspectServices } from '../service/background/inspect-services.ts';
import { createGroupServices } from '../service/group/group-services.ts';
import { watchGroups } from '../service/group/watch.ts';
import { createServices } from '../service/services.ts';
import { createTransactionServices } from '../service/transactions/transaction-services.ts';
import { createLocalStorage, type LocalStorage } from '../storage/local/local-storage.ts';
import { createLocalGuard, type LocalAccess } from './access.ts';
import { startBackgroundJobs } from './background.ts';
import { createLateQueue, systemClock, systemRandom } from './environment.ts';
import { listen } from './http-server.ts';
import { nodeBodies } from './node-bodies.ts';

export interface LocalHomeOptions {
  /** 0: any free one. */
  readonly port: number;
  /** Default 127.0.0.1: nothing is authenticated here. */
  readonly host?: string;
  /** A directory, made when it isn't there, or `:memory:`. */
  readonly dataDirectory: string;
  /** Turns access lists on. Default: everybody may do everything. */
  readonly access?: LocalAccess | undefined;
  /** The storage's clock, by which leases run out. Default: the machine's. */
  readonly storageNowMs?: () => number;
}

export interface LocalHome {
  readonly url: string;
  /** Not guarded: whoever has them may do everything. */
  readonly services: AllServices;
  readonly storage: LocalStorage;
  /** Stops taking requests, finishes those under way and what acks=0 left to do, then closes the data. */
  close(): Promise<void>;
}

/** Rejects when the port is taken (`EADDRINUSE`) or the directory can't be used (StratalogError). */
export async function startLocalHome(options: LocalHomeOptions): Promise<LocalHome> {
  const { host = '127.0.0.1', storageNowMs = Date.now } = options;
  let url = '';
  const storage = createLocalStorage({
    directory: options.dataDirectory,
    baseUrl: () => url,
    nowMs: storageNowMs,
  });
  const queue = createLateQueue((late) => required(services, 'services').append.append(late));
  const ports = { ...storage, clock: systemClock, random: systemRandom, invoker: queue };
  const polling = { pollMsMin: LOCAL_POLL_MS_MIN, pollMsMax: LOCAL_POLL_MS_MAX };
  const guard = createLocalGuard(ports, options.access, (line) =>
    process.stderr.write(`${line}\n`),
  );
  const services: AllServices = {
    ...createServices(ports, polling),
    ...createGroupServices({ ...ports, access: guard.access }),
    ...createTransactionServices(ports),
    ...createInspectServices(ports),
    ...guard.acls,
  };
  const stopping = new AbortController();
  const app = createApp(allRoutes, services, {
    access: guard.appAccess(services),
    stopping: stopping.signal,
    bodies: nodeBodies,
  });
  serveObjects(app, storage);
  try {
    const server = await listen(app, { host, port: options.port });
    const background = {
      ...createBackground(ports),
      watchGroups: (limit: { readonly untilMs: number }) =>
        watchGroups({ ...ports, access: guard.access }, limit),
    };
    const jobs = startBackgroundJobs(background, systemClock, complain);
    url = `http://${host.includes(':') ? `[${host}]` : host}:${server.port}`;
    return {
      url,
      services,
      storage,
      async close() {
        stopping.abort();
        await server.close();
        await queue.drain();
        await jobs.stop();
        await storage.close();
      },
    };
  } catch (error) {
    await storage.close();
    throw error;
  }
}

/** On stderr, since nothing else hears of what a job could not do. */
function complain(job: string, problem: unknown): void {
  console.error(`${job}:`, problem);
}

/** What references point to: the same bytes that a presigned range of S3 gives. */
function serveObjects(app: Hono, storage: LocalStorage): void {
  app.get('/objects/*', async (context) => {
    const { path } = context.req;
    const request = {
      path,
      expires: context.req.query('expires'),
      signature: context.req.query('signature'),
      range: context.req.header('range'),
    };
    const opened = await storage.openReference(request, systemClock.nowMs());
    if (opened.kind === 'refused') return context.text('not signed here, or expired', 403);
    if (opened.kind === 'missing') return context.text('there is no such object', 404);
    return new Response(opened.bytes as Uint8Array<ArrayBuffer>, { status: 206 });
  });
}
