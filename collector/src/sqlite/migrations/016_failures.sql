-- Flows that failed, by the kind of error that they are counted under: the newest is the example of it. Tenant 0 is all of them.
-- Filled by the program (fill-failures.ts).
CREATE TABLE failures (
  tenant     INTEGER NOT NULL,
  error      INTEGER NOT NULL, -- of stats_parts
  started_at INTEGER NOT NULL,
  flow       INTEGER NOT NULL,
  PRIMARY KEY (tenant, error, started_at, flow)
) STRICT, WITHOUT ROWID;
