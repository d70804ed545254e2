-- Errors are mostly looked for with a customer or a name: found at once, by both.
CREATE TABLE error_flows_by_more (
  error      INTEGER NOT NULL, -- of error_texts
  started_at INTEGER NOT NULL,
  flow       INTEGER NOT NULL,
  tenant     INTEGER NOT NULL, -- of the flow, as its shape
  shape      INTEGER NOT NULL,
  PRIMARY KEY (error, started_at, flow)
) STRICT, WITHOUT ROWID;
INSERT INTO error_flows_by_more
  SELECT error, e.started_at, flow, tenant, shape FROM error_flows e JOIN flows ON pk = flow;
DROP TABLE error_flows;
ALTER TABLE error_flows_by_more RENAME TO error_flows;
CREATE INDEX error_flows_by_tenant ON error_flows (tenant, error, started_at);
CREATE INDEX error_flows_by_shape ON error_flows (shape, error, started_at);
