// Where a program begins: one client of one log, from which producers, consumers and admins are made, as from kafkajs's
// `Kafka`.

import { ADMIN_EVENTS, Admin, type AdminEventPayloads } from './admin.ts';
import { ApiClient } from './api-client.ts';
import { assertNumbers, assertObject, assertRetry, TIMER_MS, takenBy } from './arguments.ts';
import { RETRY_DEFAULTS, type RetryOptions } from './backoff.ts';
import { Consumer } from './consumer/consumer.ts';
import {
  CONSUMER_EVENTS,
  type ConsumerConfig,
  type ConsumerEventPayloads,
} from './consumer/consumer-config.ts';
import { StratalogClientError } from './errors.ts';
import { Instrumentation, type RequestPayload } from './instrumentation.ts';
import { ClientLogger, type LogConfig } from './logging.ts';
import {
  PRODUCER_EVENTS,
  Producer,
  type ProducerConfig,
  type ProducerEventPayloads,
} from './producer.ts';
import { type ReadBatch, type ReadOptions, readTopic } from './reader.ts';
import { type OpenTelemetryApi, type Telemetry, telemetryOf } from './telemetry.ts';
import type { GroupMetadata } from './transaction.ts';
import type { Transport } from './transport.ts';
import { httpTransport } from './transports/http.ts';
import type { TopicPartition } from './types.ts';

export interface StratalogConfig extends LogConfig {
  /** Where the HTTP API is, `http://127.0.0.1:4510` for the local home. Left out when a transport is given. */
  readonly endpoint?: string;
  /** Sent as a bearer token, for stacks with JWT authorisation; a function is asked before each request. */
  readonly token?: string | (() => string | Promise<string>);
  /** Sent with every request: what a proxy before the log, or the local home's access lists, want to know. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Another way to the log: sigv4, lambda or direct. */
  readonly transport?: Transport;
  readonly clientId?: string;
  readonly retry?: RetryOptions;
  /** Milliseconds that one try of a request may take; default 30 s. */
  readonly requestTimeout?: number;
  /** `import * as openTelemetry from '@opentelemetry/api'`: then sends and handlers have spans. */
  readonly openTelemetry?: OpenTelemetryApi;
}

const REQUEST_TIMEOUT_MS = 30_000;

export class Stratalog {
  readonly #transport: Transport;
  readonly #config: StratalogConfig;
  readonly #telemetry: Telemetry | undefined;
  readonly #logger: ClientLogger;
  /** Those that run. */
  readonly #consumers = new Set<Consumer>();

  constructor(config: StratalogConfig) {
    takenBy('new Stratalog()', config);
    assertNumbers(config, { requestTimeout: { ...TIMER_MS, min: 1 } });
    assertRetry(config.retry);
    for (const name of ['transport', 'openTelemetry', 'logger'] as const) {
      if (config[name] !== undefined) assertObject(name, config[name]);
    }
    this.#config = config;
    this.#transport = config.transport ?? overHttp(config);
    this.#logger = new ClientLogger(config);
    const { openTelemetry } = config;
    this.#telemetry = openTelemetry === undefined ? undefined : telemetryOf(openTelemetry);
  }

  producer(config: ProducerConfig = {}): Producer {
    takenBy('producer()', config);
    const instrumentation = new Instrumentation<ProducerEventPayloads>(PRODUCER_EVENTS);
    const api = this.#api((payload) => {
      instrumentation.emit('producer.network.request', payload);
      if (payload.isTimeout) instrumentation.emit('producer.network.request_timeout', payload);
    });
    return new Producer(config, {
      api,
      retry: this.#config.retry ?? {},
      instrumentation,
      logger: this.#logger,
      telemetry: this.#telemetry,
      findMember: (groupId, place) => this.#findMember(groupId, place),
    });
  }

  consumer(config: ConsumerConfig): Consumer {
    takenBy('consumer()', config);
    assertRetry(config.retry);
    const instrumentation = new Instrumentation<ConsumerEventPayloads>(CONSUMER_EVENTS);
    const onRequest = (payload: RequestPayload): void => {
      instrumentation.emit('consumer.network.request', payload);
      if (payload.isTimeout) instrumentation.emit('consumer.network.request_timeout', payload);
    };
    let letters: Producer | undefined;
    const consumer: Consumer = new Consumer(config, {
      runs: (isRunning) => {
        if (isRunning) this.#consumers.add(consumer);
        else this.#consumers.delete(consumer);
      },
      api: this.#api(onRequest, config.retry),
      instrumentation,
      logger: this.#logger,
      telemetry: this.#telemetry,
      send: async (topic, messages) => {
        letters ??= this.producer({ linger: 0 });
        await letters.connect();
        await letters.send({ topic, messages });
      },
    });
    return consumer;
  }

  admin(config: { readonly retry?: RetryOptions } = {}): Admin {
    takenBy('admin()', config);
    assertRetry(config.retry);
    const instrumentation = new Instrumentation<AdminEventPayloads>(ADMIN_EVENTS);
    const onRequest = (payload: RequestPayload): void => {
      instrumentation.emit('admin.network.request', payload);
      if (payload.isTimeout) instrumentation.emit('admin.network.request_timeout', payload);
    };
    return new Admin(this.#api(onRequest, config.retry), { instrumentation, logger: this.#logger });
  }

  /** Reads a topic without a group: all there is now, or also what comes. */
  read(options: ReadOptions): AsyncGenerator<ReadBatch, void, undefined> {
    return readTopic(this.#api(), options);
  }

  logger(): ClientLogger {
    return this.#logger;
  }

  /** Closes what the transport holds open. */
  close(): Promise<void> {
    return this.#transport.close();
  }

  /** Of the consumers of this client, the one that owns a partition. */
  #findMember(groupId: string, { topic, partition }: TopicPartition): GroupMetadata | undefined {
    const owns = (consumer: Consumer): boolean =>
      consumer
        .assignment()
        .some((one) => one.topic === topic && one.partitions.includes(partition));
    return [...this.#consumers]
      .filter(owns)
      .map((consumer) => consumer.groupMetadata())
      .find((member) => member?.groupId === groupId);
  }

  #api(onRequest?: (payload: RequestPayload) => void, retry: RetryOptions = {}): ApiClient {
    return new ApiClient({
      transport: this.#transport,
      clientId: this.#config.clientId ?? 'stratalog',
      retry: { ...RETRY_DEFAULTS, ...this.#config.retry, ...retry },
      requestTimeoutMs: this.#config.requestTimeout ?? REQUEST_TIMEOUT_MS,
      ...(onRequest === undefined ? {} : { onRequest }),
    });
  }
}

function overHttp({ endpoint, token, headers }: StratalogConfig): Transport {
  if (endpoint === undefined || !/^https?:/i.test(endpoint) || !URL.canParse(endpoint)) {
    throw new StratalogClientError(
      'invalid-argument',
      `the endpoint is a URL such as http://127.0.0.1:4510, not ${JSON.stringify(endpoint)}`,
    );
  }
  return httpTransport({
    endpoint,
    ...(token === undefined ? {} : { token }),
    ...(headers === undefined ? {} : { headers }),
  });
}
