// Leases in SQLite: table `leases`.

import type { LeaseStore } from '../../ports/lease-store.ts';
import type { Database } from './database.ts';
import { readNumber, readText } from './rows.ts';

const SELECT = 'SELECT * FROM leases WHERE name = ?';
const REPLACE = 'INSERT OR REPLACE INTO leases VALUES (?, ?, ?)';
const DELETE = 'DELETE FROM leases WHERE name = ? AND owner = ?';

export function createLeaseStore(database: Database): LeaseStore {
  return {
    takeLease: ({ name, owner, nowMs, untilMs }) =>
      database.write(() => {
        const row = database.statement(SELECT).get(name);
        const isHeld =
          row !== undefined && readText(row, 'owner') !== owner && readNumber(row, 'until') > nowMs;
        if (isHeld) return 'held';
        database.statement(REPLACE).run(name, owner, untilMs);
        return 'taken';
      }),

    async releaseLease({ name, owner }) {
      await database.write(() => database.statement(DELETE).run(name, owner));
    },
  };
}
