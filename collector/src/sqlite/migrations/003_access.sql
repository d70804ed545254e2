-- Keys, log-ins and links. Of every secret only the SHA-256 hash is kept. Times are microseconds.

CREATE TABLE keys (
  id           TEXT PRIMARY KEY,
  role         TEXT NOT NULL,
  tenant       TEXT,
  name         TEXT,
  hash         BLOB NOT NULL,
  created_at   INTEGER NOT NULL,
  created_by   TEXT NOT NULL,
  expires_at   INTEGER,
  revoked_at   INTEGER,
  last_used_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
  hash       TEXT PRIMARY KEY,
  key_id     TEXT NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_key ON sessions (key_id, created_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE shares (
  id         TEXT PRIMARY KEY,
  hash       BLOB NOT NULL,
  tenant     TEXT NOT NULL,
  flow_id    TEXT,
  name       TEXT,
  redact     INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER,
  CHECK ((flow_id IS NULL) <> (name IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  number  INTEGER PRIMARY KEY AUTOINCREMENT,
  at      INTEGER NOT NULL,
  by      TEXT NOT NULL,
  action  TEXT NOT NULL,
  subject TEXT NOT NULL,
  tenant  TEXT,
  detail  TEXT NOT NULL
) STRICT;
