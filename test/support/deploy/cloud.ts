// Where the deployed tests run: the first of an endpoint that the environment gives, LocalStack where a Docker engine
// answers, and MiniStack, which the tests install and start themselves.

import { connect } from 'node:net';
import { LocalstackContainer } from '@testcontainers/localstack';
import { REGION } from '../emulators/aws-server.ts';
import { startMinistack } from '../emulators/ministack.ts';

/** The last tag that needs no token; `latest` does. */
const LOCALSTACK_IMAGE = 'localstack/localstack:4.14.0';
const DOCKER_TIMEOUT_MS = 2_000;

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** What a test needs to know. */
export interface CloudFacts {
  readonly name: 'given' | 'localstack' | 'ministack';
  /** Of every service. */
  readonly endpoint: string;
  readonly region: string;
  /** Of somebody who may do anything. */
  readonly credentials: Credentials;
  /** LocalStack's community edition has no HTTP API. */
  readonly hasHttpApi: boolean;
  /** Whether signatures and policies are checked; where not, a test of refusals would prove nothing. */
  readonly checksSignatures: boolean;
}

export interface Cloud extends CloudFacts {
  stop(): Promise<void>;
}

export async function startCloud(): Promise<Cloud> {
  return givenCloud() ?? (await localstack()) ?? (await ministack());
}

/** STRATALOG_TEST_ENDPOINT, with STRATALOG_TEST_API=rest where it has no HTTP API. */
function givenCloud(): Cloud | undefined {
  const endpoint = process.env.STRATALOG_TEST_ENDPOINT;
  if (endpoint === undefined) return undefined;
  return {
    name: 'given',
    endpoint,
    region: process.env.AWS_REGION ?? REGION,
    credentials: {
      accessKeyId: process.env.AWS_ACCESS_KEY_ID ?? 'test',
      secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY ?? 'test',
    },
    hasHttpApi: process.env.STRATALOG_TEST_API !== 'rest',
    checksSignatures: process.env.STRATALOG_TEST_CHECKS_SIGNATURES === 'true',
    stop: async () => {},
  };
}

async function localstack(): Promise<Cloud | undefined> {
  if (!(await dockerAnswers())) {
    process.stdout.write('LocalStack is skipped: no Docker engine answers here.\n');
    return undefined;
  }
  const container = await new LocalstackContainer(LOCALSTACK_IMAGE).start();
  return {
    name: 'localstack',
    endpoint: container.getConnectionUri(),
    region: REGION,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    hasHttpApi: false,
    checksSignatures: false,
    stop: async () => {
      await container.stop();
    },
  };
}

async function ministack(): Promise<Cloud> {
  const server = await startMinistack();
  return {
    name: 'ministack',
    endpoint: server.endpoint,
    region: REGION,
    credentials: server.credentials,
    hasHttpApi: true,
    checksSignatures: true,
    stop: () => server.stop(),
  };
}

/** Pings the engine, because a client may be installed where no engine runs. */
async function dockerAnswers(): Promise<boolean> {
  const host = process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock';
  const url = new URL(host);
  const target =
    url.protocol === 'unix:'
      ? { path: url.pathname }
      : { host: url.hostname, port: Number(url.port) };
  return await new Promise((resolve) => {
    const socket = connect(target);
    const done = (answers: boolean) => {
      socket.destroy();
      resolve(answers);
    };
    socket.setTimeout(DOCKER_TIMEOUT_MS, () => done(false));
    socket.once('error', () => done(false));
    socket.once('data', (bytes) => done(bytes.toString().startsWith('HTTP/1.1 200')));
    socket.once('connect', () => socket.write('GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n'));
  });
}
