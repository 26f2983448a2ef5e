// Producers' states outside their heads: rows of table `producers`. Those that have expired go when others are put.

import { PRODUCER_EXPIRATION_MS } from '../../limits.ts';
import type { ProducerStateStore } from '../../ports/producer-state-store.ts';
import type { Database } from './database.ts';
import { readBigint, readNumber } from './rows.ts';

const SELECT = `SELECT * FROM producers
  WHERE topic_id = ? AND partition = ? AND producer_id = ? AND expires > ?`;
const DELETE_EXPIRED = 'DELETE FROM producers WHERE expires <= ?';
/** A state that slept gives way. The same state may be put again: then it expires later. */
const PUT = `INSERT INTO producers VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (topic_id, partition, producer_id) DO UPDATE SET
    epoch = excluded.epoch,
    last_sequence = excluded.last_sequence,
    last_offset = excluded.last_offset,
    expires = excluded.expires
  WHERE last_offset <= excluded.last_offset`;

export function createProducerRows(
  database: Database,
  nowMs: () => number,
): Pick<ProducerStateStore, 'readProducer' | 'putProducer'> {
  return {
    readProducer: ({ topicId, partition }, producerId) =>
      database.read(() => {
        const row = database.statement(SELECT).get(topicId, partition, producerId, nowMs());
        if (row === undefined) return undefined;
        return {
          producerEpoch: readNumber(row, 'epoch'),
          lastSequence: readNumber(row, 'last_sequence'),
          lastOffset: readBigint(row, 'last_offset'),
        };
      }),

    putProducer: ({ topicId, partition }, producer) =>
      database.write(() => {
        const { producerId, producerEpoch, lastSequence, lastOffset } = producer;
        database.statement(DELETE_EXPIRED).run(nowMs());
        const expires = nowMs() + PRODUCER_EXPIRATION_MS;
        const { changes } = database
          .statement(PUT)
          .run(topicId, partition, producerId, producerEpoch, lastSequence, lastOffset, expires);
        return Number(changes) > 0 ? 'put' : 'newer';
      }),
  };
}
