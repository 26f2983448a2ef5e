// The tables of idempotent and transactional producers, column by column; docs/formats/local.md says what is in them.

export const PRODUCERS_SCHEMA = `
  CREATE TABLE IF NOT EXISTS producer_ids (
    only INTEGER PRIMARY KEY CHECK (only = 0),
    next INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS producers (
    topic_id TEXT NOT NULL,
    partition INTEGER NOT NULL,
    producer_id INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    last_sequence INTEGER NOT NULL,
    last_offset INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (topic_id, partition, producer_id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS transactions (
    transactional_id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS producers_by_expiry ON producers (expires);
`;
