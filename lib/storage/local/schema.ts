// The tables, column by column; docs/formats/local.md says what is in them. `WITHOUT ROWID`: rows lie in the order of
// their key, so that a look-up is one search and a run of pages one scan.

/** SQLite keeps both in the file's header: whose it is ("SLog"), and which schema. */
export const APPLICATION_ID = 0x534c6f67;

export const SCHEMA = `
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
`;
