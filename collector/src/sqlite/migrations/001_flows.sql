-- A flow's own columns are what questions find and order it by; all else that is known of it is packed in `state`
-- (see flow-bytes.ts). What repeats from flow to flow is written once and told by number.
--
-- An index that begins with the tenant has its last page once for each tenant, and a commit that touches flows of a
-- thousand customers writes them all: so there is one such index, and it holds the columns that most questions need.
-- The others are by time below something of which there are few.

PRAGMA application_id = 1466263922; -- "Weir"

CREATE TABLE texts (
  number INTEGER PRIMARY KEY,
  text   TEXT NOT NULL UNIQUE
) STRICT;

-- Counted as flows change, so that the first page needs no scan.
CREATE TABLE tenants (
  number  INTEGER PRIMARY KEY,
  tenant  TEXT NOT NULL UNIQUE,
  flows   INTEGER NOT NULL DEFAULT 0,
  running INTEGER NOT NULL DEFAULT 0, -- running and paused
  failed  INTEGER NOT NULL DEFAULT 0,
  last_at INTEGER NOT NULL DEFAULT 0  -- microseconds, as all times here
) STRICT;

CREATE TABLE flows (
  pk          INTEGER PRIMARY KEY,
  tenant      INTEGER NOT NULL, -- of tenants
  id          ANY NOT NULL,     -- a UUID as its 16 bytes, else text
  name        INTEGER NOT NULL, -- of texts
  status      INTEGER NOT NULL, -- place in STATUS_CODES
  started_at  INTEGER NOT NULL,
  duration_us INTEGER,          -- null until it has ended
  parent_tenant INTEGER,
  parent_id   ANY,
  runners     TEXT,             -- JSON array: processes that must be alive for it to go on; null where there are none
  summary     TEXT,             -- JSON: what a list shows of it, where its steps have rows of their own
  state       BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX flows_by_id ON flows (id, tenant);
CREATE INDEX flows_by_tenant ON flows (tenant, started_at, name, status, duration_us);
CREATE INDEX flows_by_start ON flows (started_at);
CREATE INDEX flows_by_name ON flows (name, started_at);
CREATE INDEX flows_by_status ON flows (status, started_at);
CREATE INDEX flows_open ON flows (started_at) WHERE duration_us IS NULL;
CREATE INDEX flows_by_parent ON flows (parent_tenant, parent_id) WHERE parent_id IS NOT NULL;

-- Of flows that are too large to be written whole each time.
CREATE TABLE steps (
  flow  INTEGER NOT NULL REFERENCES flows (pk) ON DELETE CASCADE,
  id    TEXT NOT NULL,
  state BLOB NOT NULL,
  PRIMARY KEY (flow, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  flow  INTEGER NOT NULL REFERENCES flows (pk) ON DELETE CASCADE,
  span  TEXT NOT NULL,
  state BLOB NOT NULL,
  PRIMARY KEY (flow, span)
) STRICT, WITHOUT ROWID;

CREATE TABLE labels (
  number INTEGER PRIMARY KEY,
  key    TEXT NOT NULL,
  value  TEXT NOT NULL,
  UNIQUE (key, value)
) STRICT;

-- These two know their flows, but not the other way round: whoever deletes a flow reads there what it has.
CREATE TABLE label_flows (
  label      INTEGER NOT NULL, -- of labels
  started_at INTEGER NOT NULL,
  flow       INTEGER NOT NULL,
  PRIMARY KEY (label, started_at, flow)
) STRICT, WITHOUT ROWID;

-- Where flows stand: names of the open steps, and of the one at which a flow failed.
CREATE TABLE step_flows (
  step       TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  flow       INTEGER NOT NULL,
  PRIMARY KEY (step, started_at, flow)
) STRICT, WITHOUT ROWID;

-- For pickers: what each tenant uses. Of a label's values the first hundred.
CREATE TABLE tenant_names (
  tenant INTEGER NOT NULL,
  name   INTEGER NOT NULL, -- of texts
  PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE tenant_labels (
  tenant INTEGER NOT NULL,
  key    TEXT NOT NULL,
  value  TEXT NOT NULL,
  PRIMARY KEY (tenant, key, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE instances (
  instance    TEXT PRIMARY KEY,
  heard_at    INTEGER NOT NULL,
  interval_ms INTEGER
) STRICT, WITHOUT ROWID;
