// The tables, column by column; docs/formats/local.md says what is in them. `WITHOUT ROWID`: rows lie in the order of
// their key, so that a look-up is one search and a run of pages one scan.

import { ACLS_SCHEMA } from './schema-acls.ts';
import { PRODUCERS_SCHEMA } from './schema-producers.ts';
import { UPKEEP_SCHEMA } from './schema-upkeep.ts';

/** SQLite keeps both in the file's header: whose it is ("SLog"), and which schema. */
export const APPLICATION_ID = 0x534c6f67;

export const SCHEMA = `
  ${UPKEEP_SCHEMA}
  ${PRODUCERS_SCHEMA}
  ${ACLS_SCHEMA}
  CREATE TABLE IF NOT EXISTS floor (
    only INTEGER PRIMARY KEY CHECK (only = 0),
    floor TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS heads (
    topic_id TEXT NOT NULL,
    partition INTEGER NOT NULL,
    next INTEGER NOT NULL,
    start INTEGER NOT NULL,
    floor TEXT NOT NULL,
    base INTEGER NOT NULL,
    max_time INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    tail BLOB NOT NULL,
    producers TEXT NOT NULL,
    evictions INTEGER NOT NULL,
    PRIMARY KEY (topic_id, partition)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS holds (
    topic_id TEXT NOT NULL,
    partition INTEGER NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (topic_id, partition)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS pages (
    topic_id TEXT NOT NULL,
    partition INTEGER NOT NULL,
    base INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    entries BLOB NOT NULL,
    max_time INTEGER NOT NULL,
    bytes_before INTEGER NOT NULL,
    PRIMARY KEY (topic_id, partition, base)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS topics (
    name TEXT PRIMARY KEY,
    topic_id TEXT NOT NULL,
    state TEXT NOT NULL,
    partitions INTEGER NOT NULL,
    configs TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS deleted_topics (
    topic_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    partitions INTEGER NOT NULL,
    deleted_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS objects (
    key TEXT PRIMARY KEY,
    nonce TEXT NOT NULL,
    bytes BLOB NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS groups (
    group_id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    status TEXT NOT NULL,
    members INTEGER NOT NULL,
    state TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS members (
    group_id TEXT NOT NULL,
    member_id TEXT NOT NULL,
    status TEXT NOT NULL,
    fence TEXT,
    join_epoch INTEGER NOT NULL,
    counter INTEGER NOT NULL,
    lease INTEGER NOT NULL,
    revoke_by INTEGER,
    topics TEXT NOT NULL,
    regex TEXT,
    instance TEXT,
    client TEXT,
    assignor TEXT,
    session INTEGER NOT NULL,
    rebalance INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    phase TEXT NOT NULL,
    assigned TEXT NOT NULL,
    principal TEXT,
    PRIMARY KEY (group_id, member_id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS offsets (
    group_id TEXT NOT NULL,
    topic_id TEXT NOT NULL,
    partition INTEGER NOT NULL,
    topic TEXT NOT NULL,
    owner_epoch INTEGER NOT NULL,
    owner TEXT,
    counter INTEGER NOT NULL,
    "offset" INTEGER,
    metadata TEXT,
    committed_at INTEGER,
    PRIMARY KEY (group_id, topic_id, partition)
  ) STRICT, WITHOUT ROWID;
`;

/** What databases that were made before don't have: always a table's last column, and never one that must be there. */
export const ADDED_COLUMNS = [{ table: 'members', column: 'principal', type: 'TEXT' }] as const;
