// A producer of transactions over two topics. Some are aborted. A commit whose outcome isn't known is asked for again.
// Who is fenced ends: somebody else has the transactional id now.

import { StratalogRequestError, type Transaction } from '../../../../lib/index.ts';
import type { Numbers, SentTransaction } from '../history.ts';
import { type Actor, below, clientOf, outcomeOf, pause, tellTrouble, textOf } from './actor.ts';

const PARTS_MAX = 4;
const RECORDS_MAX = 3;
const COMMIT_TRIES = 5;
const RETRIES = 4;
/** Long enough for a pause in the middle of a transaction to be one that a successor falls into. */
const THINK_MS = 30;

export async function runTransactor(actor: Actor): Promise<void> {
  const { settings, ending, history } = actor;
  const transactionalId = `${settings.prefix}-${settings.slot}`;
  const client = clientOf(actor, RETRIES);
  const producer = client.producer({ transactionalId, transactionTimeout: 20_000 });
  await producer.connect();
  const writer = settings.process;
  let next = 0;
  for (let index = 0; !ending.aborted; index += 1) {
    const name = `${writer}/${index}`;
    const parts = partsOf(settings, next);
    next = parts.reduce((end, { first, count }) => Math.max(end, first + count), next);
    try {
      const transaction = await producer.transaction();
      history.write({ kind: 'begin', name, writer, transactionalId, parts });
      const told = await runOne(actor, transaction, { name, parts });
      history.write({ kind: 'ended', name, told });
    } catch (error) {
      tellTrouble(actor, error);
      if (isFenced(error)) {
        history.write({ kind: 'ended', name, told: 'refused' });
        break;
      }
      await pause(200, ending);
    }
    await pause(1_000 / settings.ratePerSecond, ending);
  }
  await producer.disconnect();
  await client.close();
}

function partsOf(settings: Actor['settings'], from: number): Numbers[] {
  const { topics, partitionCount } = settings;
  const places = [topics.records, topics.transfers].flatMap((topic) =>
    Array.from({ length: partitionCount }, (_, partition) => `${topic}/${partition}`),
  );
  const chosen = new Set(
    Array.from({ length: 2 + below(PARTS_MAX - 1) }, () => below(places.length)),
  );
  let first = from;
  return [...chosen].map((at) => {
    const count = 1 + below(RECORDS_MAX);
    first += count;
    return { place: places[at] ?? '', first: first - count, count };
  });
}

async function runOne(
  actor: Actor,
  transaction: Transaction,
  { name, parts }: { readonly name: string; readonly parts: readonly Numbers[] },
): Promise<SentTransaction['told']> {
  try {
    for (const { place, first, count } of parts) {
      const slash = place.lastIndexOf('/');
      const partition = Number(place.slice(slash + 1));
      const messages = Array.from({ length: count }, (_, at) => ({
        partition,
        value: textOf(actor.settings.process, first + at),
      }));
      await transaction.send({ topic: place.slice(0, slash), messages });
      await pause(below(THINK_MS), actor.ending);
    }
    if (below(6) === 0) {
      await transaction.abort();
      return 'aborted';
    }
  } catch (error) {
    // Nothing was asked to be committed: nothing may be.
    await transaction.abort().catch(() => undefined);
    throw error;
  }
  return await commit(actor, transaction, name);
}

async function commit(
  actor: Actor,
  transaction: Transaction,
  name: string,
): Promise<SentTransaction['told']> {
  actor.transport.transaction = name;
  for (let tries = 1; tries <= COMMIT_TRIES; tries += 1) {
    try {
      await transaction.commit();
      return 'committed';
    } catch (error) {
      tellTrouble(actor, error);
      if (outcomeOf(error) === 'refused' && !isBusy(error)) {
        await transaction.abort().catch(() => undefined);
        if (isFenced(error)) throw error;
        return 'refused';
      }
      await pause(200 * tries, actor.ending);
    }
  }
  await transaction.abort().catch(() => undefined);
  return 'unknown';
}

function isBusy(error: unknown): boolean {
  return error instanceof StratalogRequestError && error.status === 429;
}

function isFenced(error: unknown): boolean {
  return (
    error instanceof StratalogRequestError &&
    ['INVALID_PRODUCER_EPOCH', 'INVALID_PRODUCER_ID_MAPPING'].includes(error.type)
  );
}
