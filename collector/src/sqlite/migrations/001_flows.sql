-- Facts are what the fold keeps (JSON); the other columns are worked out from them, for questions to find.

CREATE TABLE flows (
  pk          INTEGER PRIMARY KEY,
  tenant      TEXT NOT NULL,
  id          TEXT NOT NULL,
  name        TEXT NOT NULL,
  status      TEXT NOT NULL,
  started_at  INTEGER NOT NULL, -- microseconds, as all times here
  ended_at    INTEGER,
  duration_us INTEGER,
  updated_at  INTEGER NOT NULL,
  parent_tenant TEXT,
  parent_id     TEXT,
  stands_at   TEXT NOT NULL,    -- JSON array: names of the open steps and of the failed one
  runners     TEXT NOT NULL,    -- JSON array: processes that must be alive for it to go on
  search      TEXT NOT NULL,    -- lower-case id, name, label values, error
  summary     TEXT NOT NULL,    -- JSON: FlowSummary without its health
  facts       TEXT NOT NULL     -- JSON: FlowFacts
) STRICT;

CREATE UNIQUE INDEX flows_by_key ON flows (tenant, id);
CREATE INDEX flows_by_start ON flows (started_at, tenant, id);
CREATE INDEX flows_by_tenant ON flows (tenant, started_at, id);
CREATE INDEX flows_by_name ON flows (tenant, name, started_at, id);
CREATE INDEX flows_by_status ON flows (tenant, status, started_at, id);
CREATE INDEX flows_open ON flows (started_at, tenant, id) WHERE ended_at IS NULL;
CREATE INDEX flows_ended ON flows (tenant, name, ended_at, duration_us) WHERE ended_at IS NOT NULL;
CREATE INDEX flows_by_parent ON flows (parent_tenant, parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE steps (
  flow  INTEGER NOT NULL REFERENCES flows (pk) ON DELETE CASCADE,
  id    TEXT NOT NULL,
  state TEXT NOT NULL, -- JSON: StepState
  PRIMARY KEY (flow, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  flow  INTEGER NOT NULL REFERENCES flows (pk) ON DELETE CASCADE,
  span  TEXT NOT NULL,
  state TEXT NOT NULL, -- JSON: EventState
  PRIMARY KEY (flow, span)
) STRICT, WITHOUT ROWID;

CREATE TABLE labels (
  tenant TEXT NOT NULL,
  key    TEXT NOT NULL,
  value  TEXT NOT NULL,
  flow   INTEGER NOT NULL REFERENCES flows (pk) ON DELETE CASCADE,
  PRIMARY KEY (tenant, key, value, flow)
) STRICT, WITHOUT ROWID;

CREATE INDEX labels_by_flow ON labels (flow, key, value);

-- Counted as flows change, so that the first page needs no scan.
CREATE TABLE tenants (
  tenant    TEXT PRIMARY KEY,
  running   INTEGER NOT NULL, -- running and paused
  failed    INTEGER NOT NULL,
  last_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE instances (
  instance    TEXT PRIMARY KEY,
  heard_at    INTEGER NOT NULL,
  interval_ms INTEGER
) STRICT, WITHOUT ROWID;
