// Access lists in SQLite: tables `acls`, a row an entry, and `acl_version`.

import {
  ACL_OPERATIONS,
  ACL_PERMISSIONS,
  type Acl,
  PATTERN_TYPES,
  RESOURCE_TYPES,
} from '../../access/acl.ts';
import { assert } from '../../assert.ts';
import { ACLS_PER_LIST_PAGE_MAX, ACLS_PER_WRITE_MAX } from '../../limits.ts';
import type { AclStore } from '../../ports/acl-store.ts';
import type { Database } from './database.ts';
import { type Row, readNumber, readOneOf, readText } from './rows.ts';

const COLUMNS = 'resource_type, pattern_type, resource_name, principal, operation, permission';
const SELECT_AFTER = `SELECT * FROM acls WHERE (${COLUMNS}) > (?, ?, ?, ?, ?, ?)
  ORDER BY ${COLUMNS} LIMIT ?`;
const INSERT = 'INSERT OR IGNORE INTO acls VALUES (?, ?, ?, ?, ?, ?)';
const DELETE = `DELETE FROM acls WHERE (${COLUMNS}) = (?, ?, ?, ?, ?, ?)`;
const SELECT_VERSION = 'SELECT version FROM acl_version';
const RAISE_VERSION = `INSERT INTO acl_version VALUES (0, 1)
  ON CONFLICT DO UPDATE SET version = version + 1`;

type Columns = [string, string, string, string, string, string];
const FIRST: Columns = ['', '', '', '', '', ''];

export function createAclStore(database: Database): AclStore {
  const change = async (sql: string, acls: readonly Acl[]): Promise<void> => {
    assert(acls.length >= 1, 'something is changed');
    assert(acls.length <= ACLS_PER_WRITE_MAX, `a write has at most ${ACLS_PER_WRITE_MAX} entries`);
    await database.write(() => {
      for (const acl of acls) database.statement(sql).run(...columnsOf(acl));
      database.statement(RAISE_VERSION).run();
    });
  };

  return {
    readVersion: () =>
      database.read(() => {
        const row = database.statement(SELECT_VERSION).get();
        return row === undefined ? 0 : readNumber(row, 'version');
      }),

    async listAcls({ after, limit }) {
      assert(limit >= 1, 'a page holds an item');
      assert(limit <= ACLS_PER_LIST_PAGE_MAX, `a page has at most ${ACLS_PER_LIST_PAGE_MAX} items`);
      // The text is our own: the last entry of the page before.
      const from = after === undefined ? FIRST : (JSON.parse(after) as Columns);
      return await database.read(() => {
        const acls = database
          .statement(SELECT_AFTER)
          .all(...from, limit)
          .map(decode);
        const last = acls.length < limit ? undefined : acls.at(-1);
        return last === undefined ? { acls } : { acls, next: JSON.stringify(columnsOf(last)) };
      });
    },

    addAcls: (acls) => change(INSERT, acls),
    removeAcls: (acls) => change(DELETE, acls),
    // A row is an entry: nothing is left of one that has gone.
    sweepAcl: () => Promise.resolve(),
  };
}

function columnsOf(acl: Acl): Columns {
  const { resourceType, patternType, resourceName, principal, operation, permission } = acl;
  return [resourceType, patternType, resourceName, principal, operation, permission];
}

function decode(row: Row): Acl {
  return {
    resourceType: readOneOf(row, 'resource_type', RESOURCE_TYPES),
    patternType: readOneOf(row, 'pattern_type', PATTERN_TYPES),
    resourceName: readText(row, 'resource_name'),
    principal: readText(row, 'principal'),
    operation: readOneOf(row, 'operation', ACL_OPERATIONS),
    permission: readOneOf(row, 'permission', ACL_PERMISSIONS),
  };
}
