/** The tables. Their names begin with `weir_`, so that they may live in a database that is someone else's too. */

/** Of the tables below; raise it with each change, and bring older ones up in `open.ts`. */
export const VERSION = 1;

export const SCHEMA = `
CREATE TABLE weir_journal (version INTEGER NOT NULL, news INTEGER NOT NULL) STRICT;
INSERT INTO weir_journal (version, news) VALUES (${VERSION}, 0);

CREATE TABLE weir_runs (
  pk INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  tenant TEXT NOT NULL,
  flow TEXT NOT NULL,
  version INTEGER NOT NULL,
  input_digest TEXT NOT NULL,
  input TEXT NOT NULL,
  context TEXT,
  status TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  token INTEGER NOT NULL,
  owner TEXT,
  -- When it can be claimed: its lease runs out, or what it sleeps for is over.
  due_at REAL,
  -- Names of messages, as a JSON array.
  waits_for TEXT,
  cancel_reason TEXT,
  value TEXT,
  created_at REAL NOT NULL,
  ended_at REAL,
  -- The number of the last thing that happened to it and that another process may wait for.
  news INTEGER
) STRICT;
CREATE INDEX weir_runs_due ON weir_runs (flow, version, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX weir_runs_ended ON weir_runs (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX weir_runs_news ON weir_runs (news) WHERE news IS NOT NULL;

CREATE TABLE weir_entries (
  seq INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES weir_runs (pk) ON DELETE CASCADE,
  path TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  status TEXT NOT NULL,
  value TEXT,
  started_at REAL NOT NULL,
  ended_at REAL,
  UNIQUE (run, path, attempt)
) STRICT;

CREATE TABLE weir_messages (
  seq INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES weir_runs (pk) ON DELETE CASCADE,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  -- NULL once it was taken, or the run ended; the row stays, so that the same id is not taken twice.
  value TEXT,
  UNIQUE (run, id)
) STRICT;
`;
