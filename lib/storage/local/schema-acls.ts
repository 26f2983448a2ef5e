// The tables of access lists, column by column; docs/formats/local.md says what is in them.

export const ACLS_SCHEMA = `
  CREATE TABLE IF NOT EXISTS acls (
    resource_type TEXT NOT NULL,
    pattern_type TEXT NOT NULL,
    resource_name TEXT NOT NULL,
    principal TEXT NOT NULL,
    operation TEXT NOT NULL,
    permission TEXT NOT NULL,
    PRIMARY KEY (resource_type, pattern_type, resource_name, principal, operation, permission)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS acl_version (
    only INTEGER PRIMARY KEY CHECK (only = 0),
    version INTEGER NOT NULL
  ) STRICT;
`;
