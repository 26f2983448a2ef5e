// The client's way to the log, with everything written down that the judge needs and the client doesn't tell: which
// member took partitions over and committed offsets when, and each try of a transaction's commit.

import type { Transport, TransportRequest, TransportResponse } from '../../../lib/index.ts';
import type { Outcome } from './history.ts';
import { type HistoryLine, type HistoryLog, nowUs } from './history-lines.ts';

const CLAIM = /^\/consumer-groups\/([^/]+)\/offsets\/claim$/;
const OFFSETS = /^\/consumer-groups\/([^/]+)\/offsets$/;
const COMMIT = /^\/transactions\/[^/]+\/commit$/;
const PRODUCERS = /^\/producers$/;

interface PlaceJson {
  readonly topic_name: string;
  readonly partition_id: number;
  readonly offset?: number | null;
}

interface AnswerJson {
  readonly offsets?: readonly PlaceJson[];
  readonly successes?: readonly PlaceJson[];
  readonly producer_id?: number;
  readonly producer_epoch?: number;
}

interface RequestJson extends AnswerJson {
  readonly member_id?: string;
  readonly partitions?: readonly PlaceJson[];
  readonly transactional_id?: string;
}

/** Writes down how a call ended. */
type Conclude = (outcome: Outcome, answer: AnswerJson) => void;

export class RecordingTransport implements Transport {
  readonly #inner: Transport;
  readonly #history: HistoryLog;
  readonly description: string;
  readonly isLocal: boolean;
  readonly get: NonNullable<Transport['get']>;
  #calls = 0;
  /** The transaction whose commit is asked for next. */
  transaction = '';

  constructor(inner: Transport, history: HistoryLog) {
    this.#inner = inner;
    this.#history = history;
    this.description = inner.description;
    this.isLocal = inner.isLocal ?? false;
    this.get = async (url, headers, signal) => {
      if (inner.get === undefined) throw new Error(`${inner.description} has no way to S3`);
      return await inner.get(url, headers, signal);
    };
  }

  async send(request: TransportRequest): Promise<TransportResponse> {
    const conclude = this.#begin(request);
    if (conclude === undefined) return await this.#inner.send(request);
    try {
      const response = await this.#inner.send(request);
      conclude(outcomeOf(response.status), response.status < 300 ? jsonOf(response.body) : {});
      return response;
    } catch (error) {
      conclude('unknown', {});
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #begin({ method, path, body }: TransportRequest): Conclude | undefined {
    if (method !== 'POST' || body === undefined) return undefined;
    if (PRODUCERS.test(path)) return this.#beginInit(jsonOf(body));
    if (COMMIT.test(path)) return this.#beginCommit(jsonOf(body));
    const [, claiming] = CLAIM.exec(path) ?? [];
    if (claiming !== undefined) return this.#beginGroupCall('claim', claiming, jsonOf(body));
    const [, committing] = OFFSETS.exec(path) ?? [];
    return committing === undefined
      ? undefined
      : this.#beginGroupCall('offsets', committing, jsonOf(body));
  }

  #beginInit({ transactional_id: transactionalId }: RequestJson): Conclude | undefined {
    if (transactionalId === undefined) return undefined;
    return (outcome, { producer_id: producerId = 0, producer_epoch: producerEpoch = 0 }) => {
      if (outcome !== 'done') return;
      const answeredAtUs = nowUs();
      this.#history.write({
        kind: 'initialized',
        transactionalId,
        producerId,
        producerEpoch,
        answeredAtUs,
      });
    };
  }

  #beginCommit({
    producer_id: producerId = 0,
    producer_epoch: producerEpoch = 0,
  }: RequestJson): Conclude {
    const name = this.transaction;
    return this.#ask((call) => ({
      kind: 'commit',
      call,
      name,
      atUs: nowUs(),
      producerId,
      producerEpoch,
    }));
  }

  #beginGroupCall(kind: 'claim' | 'offsets', group: string, request: RequestJson): Conclude {
    const asked = (kind === 'claim' ? request.partitions : request.offsets) ?? [];
    const offsets = new Map(asked.map((one) => [placeOf(one), one.offset ?? 0]));
    return this.#ask(
      (call) => ({
        kind,
        call,
        atUs: nowUs(),
        group: decodeURIComponent(group),
        member: request.member_id ?? '',
        places: [...offsets].map(([place, offset]) => ({ place, offset })),
      }),
      (answer) =>
        ((kind === 'claim' ? answer.offsets : answer.successes) ?? []).map((one) => {
          const place = placeOf(one);
          return {
            place,
            offset: kind === 'claim' ? (one.offset ?? null) : (offsets.get(place) ?? 0),
          };
        }),
    );
  }

  #ask(
    line: (call: number) => HistoryLine,
    placesOf?: (
      answer: AnswerJson,
    ) => readonly { readonly place: string; readonly offset: number | null }[],
  ): Conclude {
    this.#calls += 1;
    const call = this.#calls;
    this.#history.write(line(call));
    return (outcome, answer) =>
      this.#history.write({
        kind: 'answer',
        call,
        atUs: nowUs(),
        outcome,
        ...(placesOf === undefined ? {} : { places: placesOf(answer) }),
      });
  }
}

/** What a failed server did before it failed, nobody knows. */
function outcomeOf(status: number): Outcome {
  if (status < 300) return 'done';
  return status < 500 ? 'refused' : 'unknown';
}

function placeOf({ topic_name, partition_id }: PlaceJson): string {
  return `${topic_name}/${partition_id}`;
}

function jsonOf(bytes: Uint8Array): RequestJson {
  return JSON.parse(Buffer.from(bytes).toString()) as RequestJson;
}
