// Requests and answers in JSON over a log's endpoint, for the suites.

import type { ApiRequest, LogEndpoint } from './endpoint.ts';

export const RAW_MEDIA_TYPE = 'application/vnd.apache.kafka.record-batch';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the test is about
  readonly json: any;
  readonly bytes: Buffer;
}

export interface AskOptions {
  readonly json?: unknown;
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Ask = (
  method: ApiRequest['method'],
  path: string,
  options?: AskOptions,
) => Promise<Answer>;

export function asking(endpoint: () => LogEndpoint): Ask {
  return async (method, path, { json, body, headers = {} } = {}) => {
    const sent = json === undefined ? body : Buffer.from(JSON.stringify(json));
    const type = json === undefined ? {} : { 'content-type': 'application/json' };
    const answer = await endpoint()({
      method,
      path,
      headers: { ...type, ...headers },
      ...(sent === undefined ? {} : { body: sent }),
    });
    const isJson = answer.headers.get('content-type')?.startsWith('application/json') === true;
    const hasJson = isJson && answer.body.length > 0;
    return {
      status: answer.status,
      headers: answer.headers,
      json: hasJson ? JSON.parse(answer.body.toString()) : undefined,
      bytes: answer.body,
    };
  };
}

const made: string[] = [];

/** Every topic that `newTopic` has made in this process. */
export const madeTopics: readonly string[] = made;

/** A topic that nobody else has; its name. */
export async function newTopic(ask: Ask, partitionCount = 1): Promise<string> {
  const name = `suite-${process.pid}-${made.length}`;
  made.push(name);
  const json = { topic_name: name, partitions_count: partitionCount };
  const { status, bytes } = await ask('POST', '/topics', { json });
  if (status !== 201) throw new Error(`creating a topic was answered with ${status}: ${bytes}`);
  return name;
}

export const text = (data: string) => ({ type: 'STRING', data });
