// Spans for those who use OpenTelemetry: one a send, one a message or batch handled, joined through the headers of the
// records. The API is handed in, so that nobody else installs it: `new Stratalog({ openTelemetry: api })` with
// `import * as api from '@opentelemetry/api'`. Only what is used of it is named here.
// Names and attributes: https://opentelemetry.io/docs/specs/semconv/messaging/kafka/

import { errorOf } from './errors.ts';
import type { KafkaMessage, Message, MessageHeaders, ProducerBatch } from './types.ts';

type Attributes = Readonly<Record<string, string | number>>;

export interface OpenTelemetrySpan {
  recordException(error: Error): void;
  setStatus(status: { code: number; message?: string }): unknown;
  end(): void;
}

/** A context is opaque. */
export interface OpenTelemetryApi {
  readonly trace: {
    getTracer(name: string): {
      startSpan(
        name: string,
        options: { kind: number; attributes: Attributes },
        context: unknown,
      ): OpenTelemetrySpan;
    };
    setSpan(context: unknown, span: OpenTelemetrySpan): unknown;
  };
  readonly context: {
    active(): unknown;
    with<Result>(context: unknown, work: () => Result): Result;
  };
  readonly propagation: {
    inject(context: unknown, carrier: Record<string, string>): void;
    extract(context: unknown, carrier: Record<string, string>): unknown;
  };
}

const SPAN_KIND = { producer: 3, consumer: 4 };
const STATUS_ERROR = 2;
const SYSTEM = { 'messaging.system': 'kafka' };

export interface Telemetry {
  /** Runs a send within a span, whose context goes along in the headers of its messages. */
  send<Result>(
    batch: ProducerBatch,
    work: (traced: ProducerBatch) => Promise<Result>,
  ): Promise<Result>;
  /** Runs a handler within a span, whose parent is what the headers say. */
  process(handled: HandledRecords, work: () => Promise<void>): Promise<void>;
}

export interface HandledRecords {
  readonly topic: string;
  readonly partition: number;
  readonly groupId: string;
  readonly messages: readonly KafkaMessage[];
}

export function telemetryOf(api: OpenTelemetryApi): Telemetry {
  const tracer = api.trace.getTracer('stratalog');

  async function within<Result>(
    span: OpenTelemetrySpan,
    parent: unknown,
    work: () => Promise<Result>,
  ): Promise<Result> {
    try {
      return await api.context.with(api.trace.setSpan(parent, span), work);
    } catch (thrown) {
      const error = errorOf(thrown);
      span.recordException(error);
      span.setStatus({ code: STATUS_ERROR, message: error.message });
      throw thrown;
    } finally {
      span.end();
    }
  }

  return {
    send(batch, work) {
      const { topicMessages = [] } = batch;
      const topics = topicMessages.map(({ topic }) => topic).join(',');
      const attributes = {
        ...SYSTEM,
        'messaging.operation.type': 'send',
        'messaging.destination.name': topics,
        'messaging.batch.message_count': topicMessages.reduce(
          (count, { messages }) => count + messages.length,
          0,
        ),
      };
      const parent = api.context.active();
      const span = tracer.startSpan(
        `send ${topics}`,
        { kind: SPAN_KIND.producer, attributes },
        parent,
      );
      const carrier: Record<string, string> = {};
      api.propagation.inject(api.trace.setSpan(parent, span), carrier);
      const traced = topicMessages.map(({ topic, messages }) => ({
        topic,
        messages: messages.map((message) => withHeaders(message, carrier)),
      }));
      return within(span, parent, () => work({ ...batch, topicMessages: traced }));
    },

    process({ topic, partition, groupId, messages }, work) {
      const [first] = messages;
      const attributes = {
        ...SYSTEM,
        'messaging.operation.type': 'process',
        'messaging.destination.name': topic,
        'messaging.destination.partition.id': String(partition),
        'messaging.consumer.group.name': groupId,
        'messaging.batch.message_count': messages.length,
        'messaging.kafka.offset': Number(first?.offset ?? -1),
      };
      const parent = api.propagation.extract(api.context.active(), carrierOf(first));
      const span = tracer.startSpan(
        `process ${topic}`,
        { kind: SPAN_KIND.consumer, attributes },
        parent,
      );
      return within(span, parent, work);
    },
  };
}

function withHeaders(message: Message, carrier: MessageHeaders): Message {
  return { ...message, headers: { ...message.headers, ...carrier } };
}

function carrierOf(message: KafkaMessage | undefined): Record<string, string> {
  const headers = Object.entries(message?.headers ?? {});
  return Object.fromEntries(
    headers.flatMap(([name, value]) => (Buffer.isBuffer(value) ? [[name, String(value)]] : [])),
  );
}
