-- Statistics, kept as flows change (docs/decisions/0026-statistics.md). What a flow adds to them is its share, as bytes
-- (stats-share.ts). A commit writes shares down here, at the end of a file that is all in memory: added, or taken away.
CREATE TABLE stats_log (
  number  INTEGER PRIMARY KEY,
  entries BLOB NOT NULL
) STRICT;

-- Now and then the log is added up to cells (stats-cell.ts): by hour of the flow's start, tenant and name. The hour comes
-- first, so that what is written together lies together. Tenant 0 is all of them.
CREATE TABLE stats_hours (
  at     INTEGER NOT NULL, -- hours since the epoch
  tenant INTEGER NOT NULL, -- of tenants
  name   INTEGER NOT NULL, -- of texts
  cell   BLOB NOT NULL,
  PRIMARY KEY (at, tenant, name)
) STRICT, WITHOUT ROWID;

-- The hours of a day that has passed, added up once more.
CREATE TABLE stats_days (
  at     INTEGER NOT NULL, -- days since the epoch
  tenant INTEGER NOT NULL,
  name   INTEGER NOT NULL,
  cell   BLOB NOT NULL,
  PRIMARY KEY (at, tenant, name)
) STRICT, WITHOUT ROWID;

-- For the list of customers.
CREATE TABLE tenant_days (
  day       INTEGER NOT NULL,
  tenant    INTEGER NOT NULL,
  open      INTEGER NOT NULL,
  succeeded INTEGER NOT NULL,
  failed    INTEGER NOT NULL,
  cancelled INTEGER NOT NULL,
  PRIMARY KEY (day, tenant)
) STRICT, WITHOUT ROWID;

-- What cells tell by number besides: steps, labels, kinds of error.
CREATE TABLE stats_parts (
  number INTEGER PRIMARY KEY,
  kind   INTEGER NOT NULL,
  text   TEXT NOT NULL,
  UNIQUE (kind, text)
) STRICT;

-- Which of them are told apart: the first so many of each name, or label key, of a tenant. Others are one.
CREATE TABLE stats_kept (
  tenant INTEGER NOT NULL,
  name   INTEGER NOT NULL, -- 0 for labels
  part   INTEGER NOT NULL, -- of stats_parts
  PRIMARY KEY (tenant, name, part)
) STRICT, WITHOUT ROWID;

CREATE TABLE stats_state (
  id            INTEGER PRIMARY KEY CHECK (id = 1),
  -- Days before are in stats_days; of this day the tenants below closed_tenant are.
  closed_day    INTEGER NOT NULL,
  closed_tenant INTEGER NOT NULL,
  -- Flows that were there before statistics were kept: those up to this number are not counted yet.
  uncounted_to  INTEGER NOT NULL
) STRICT;

INSERT INTO stats_state SELECT 1, 0, 0, coalesce(max(pk), 0) FROM flows;

ALTER TABLE instances ADD COLUMN service TEXT;
