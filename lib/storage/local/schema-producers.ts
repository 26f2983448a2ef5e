// The tables of idempotent and transactional producers, column by column; docs/formats/local.md says what is in them.

export const PRODUCERS_SCHEMA = `
  CREATE TABLE IF NOT EXISTS producer_ids (
    only INTEGER PRIMARY KEY CHECK (only = 0),
    next INTEGER NOT NULL
  ) STRICT;
`;
