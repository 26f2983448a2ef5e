// The tables of background work, column by column; docs/formats/segments.md says what is in them.

export const UPKEEP_SCHEMA = `
  CREATE TABLE IF NOT EXISTS logs (
    topic_id TEXT NOT NULL,
    partition INTEGER NOT NULL,
    segmented_to INTEGER NOT NULL,
    floor TEXT NOT NULL,
    damage TEXT,
    PRIMARY KEY (topic_id, partition)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS segments (
    topic_id TEXT NOT NULL,
    partition INTEGER NOT NULL,
    base INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    ulid TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    index_bytes INTEGER NOT NULL,
    time_index_bytes INTEGER NOT NULL,
    records INTEGER NOT NULL,
    max_time INTEGER NOT NULL,
    last_time INTEGER NOT NULL,
    first_time INTEGER NOT NULL,
    cleaned_to INTEGER NOT NULL,
    PRIMARY KEY (topic_id, partition, base)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS retired (
    topic_id TEXT NOT NULL,
    partition INTEGER NOT NULL,
    retired_id TEXT NOT NULL,
    segments TEXT NOT NULL,
    PRIMARY KEY (topic_id, partition, retired_id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS garbage_passes (
    only INTEGER PRIMARY KEY CHECK (only = 0),
    passes TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS leases (
    name TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    until INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
`;
