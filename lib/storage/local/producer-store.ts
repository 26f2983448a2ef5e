// Producer ids in SQLite: the row of table `producer_ids`.

import { assert, required } from '../../assert.ts';
import { PRODUCER_IDS_PER_BLOCK } from '../../limits.ts';
import type { ProducerStore } from '../../ports/producer-store.ts';
import type { Database } from './database.ts';
import { readBigint } from './rows.ts';

const ADD = `INSERT INTO producer_ids VALUES (0, :count)
  ON CONFLICT (only) DO UPDATE SET next = next + :count RETURNING next`;

export function createProducerStore(database: Database): ProducerStore {
  return {
    async allocateProducerIds(count) {
      assert(count >= 1, 'at least one id is taken');
      assert(count <= PRODUCER_IDS_PER_BLOCK, `a block has at most ${PRODUCER_IDS_PER_BLOCK} ids`);
      return await database.write(() => {
        const row = required(database.statement(ADD).get({ count }), 'the counter');
        return readBigint(row, 'next') - BigInt(count);
      });
    },
  };
}
