// The log from outside: each request is answered by another function, which uses other tables, so that a function that
// lacks its table or its right is found by the request that fails.

import { randomBytes } from 'node:crypto';
import { type Check, failed, ok, skipped } from './check.ts';
import { isTurnedAway, messageOf, type Probe, type Probed } from './probe.ts';

/** Topics that are looked at for a record to read. */
const TOPICS_LOOKED_AT_MAX = 5;

interface Expected {
  readonly check: string;
  /** Said when all is well. */
  readonly found: string;
  /** Kafka's names of errors that are as good as an answer. */
  readonly errors?: readonly string[];
}

function checkAnswer(answer: Probed, { check, found, errors = [] }: Expected): Check {
  if (answer.kind === 'unanswered') {
    return failed(check, answer.message, 'try again; if it stays, look at the checks above');
  }
  const { status, json } = answer;
  const error = json?.kafka_error;
  if (status < 300 || (typeof error === 'string' && errors.includes(error))) {
    return ok(check, `${found}, in ${answer.tookMs} ms`);
  }
  if (isTurnedAway(answer)) {
    return skipped(check, `not allowed to ask (${messageOf(answer)})`);
  }
  if (typeof error === 'string' && error.endsWith('_AUTHORIZATION_FAILED')) {
    return skipped(check, messageOf(answer));
  }
  if (status === 404 && json?.error_code === 40400) {
    return skipped(check, 'this log has no such request: it is older than this command line');
  }
  return failed(check, messageOf(answer), adviceFor(status, json?.request_id));
}

function adviceFor(status: number, requestId: unknown): string {
  const where = typeof requestId === 'string' ? ` (request ${requestId})` : '';
  if (status === 429) {
    return "too much at once: see the dashboard's throttles, and docs/OPERATIONS.md on quotas and hot partitions";
  }
  if (status === 503 || status === 504) {
    return `the function can't use its storage: check that the stack is deployed whole and its table or bucket is there (--stack looks), then the function's log group${where}`;
  }
  return `look into the function's log group${where}`;
}

export async function checkPaths(probe: Probe): Promise<readonly Check[]> {
  const topics = await probe('GET', '/topics');
  const groups = await probe('GET', '/consumer-groups');
  const producers = await probe('GET', '/transactions/stratalog-doctor');
  return [
    checkAnswer(topics, { check: 'topics', found: `${namesOf(topics).length} topics` }),
    await checkReading(probe, namesOf(topics)),
    checkAnswer(groups, { check: 'groups', found: `${dataOf(groups).length} groups` }),
    checkAnswer(producers, {
      check: 'producers',
      found: 'transactional ids can be looked up',
      errors: ['TRANSACTIONAL_ID_NOT_FOUND'],
    }),
  ];
}

/** A record that is there takes a head, the index and the bucket to be read. */
async function checkReading(probe: Probe, names: readonly string[]): Promise<Check> {
  const check = 'reading';
  for (const name of names.slice(0, TOPICS_LOOKED_AT_MAX)) {
    const partitions = await probe('GET', `/topics/${name}/partitions`);
    const isAnswered = partitions.kind === 'answered' && partitions.status === 200;
    if (!isAnswered) return checkAnswer(partitions, { check, found: '' });
    const filled = dataOf(partitions).find(
      ({ next_offset, log_start_offset }) => Number(next_offset) > Number(log_start_offset),
    );
    if (filled === undefined) continue;
    const place = `/topics/${name}/partitions/${Number(filled.partition_id)}`;
    const read = await probe('GET', `${place}/records?from=earliest&max_records=1`);
    return checkAnswer(read, { check, found: `the first record of ${name} is there` });
  }
  return skipped(check, 'there is no record to read; --write makes one');
}

/** A topic of its own, a record in it, and back: then the topic goes again. */
export async function checkWriting(probe: Probe): Promise<Check> {
  const check = 'writing';
  const topic = `stratalog-doctor-${randomBytes(6).toString('hex')}`;
  const created = await probe('POST', '/topics', { topic_name: topic, partitions_count: 1 });
  if (!isDone(created)) return checkAnswer(created, { check, found: '' });
  try {
    const value = { type: 'STRING', data: topic };
    const produced = await probe('POST', `/topics/${topic}/records`, { value });
    if (!isDone(produced)) return checkAnswer(produced, { check, found: '' });
    const read = await probe('GET', `/topics/${topic}/partitions/0/records?from=earliest`);
    if (!isDone(read)) return checkAnswer(read, { check, found: '' });
    const isThere = JSON.stringify(read.json?.records ?? []).includes(topic);
    if (isThere)
      return ok(check, `a record came back: ${produced.tookMs} ms in, ${read.tookMs} ms out`);
    return failed(
      check,
      'a record that was acknowledged was not there to read',
      'this must never happen: keep the topic, and report it with the request ids of produce and fetch',
    );
  } finally {
    await probe('DELETE', `/topics/${topic}`);
  }
}

function isDone(answer: Probed): answer is Extract<Probed, { kind: 'answered' }> {
  return answer.kind === 'answered' && answer.status < 300;
}

function dataOf(answer: Probed): readonly Readonly<Record<string, unknown>>[] {
  const data = answer.kind === 'answered' ? answer.json?.data : undefined;
  return Array.isArray(data) ? data : [];
}

function namesOf(topics: Probed): readonly string[] {
  return dataOf(topics).flatMap(({ topic_name }) =>
    typeof topic_name === 'string' ? [topic_name] : [],
  );
}
