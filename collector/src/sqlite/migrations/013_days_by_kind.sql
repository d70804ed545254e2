-- A question reads the days of a customer, and one kind of what is counted: both come first, so that it reads nothing else. How
-- flows stand is a tenth of what their steps, labels and errors take.
ALTER TABLE stats_days RENAME TO stats_days_before;

CREATE TABLE stats_days (
  kind   INTEGER NOT NULL, -- of cell: 0 flows, 1 steps, 2 labels, 3 kinds of error
  tenant INTEGER NOT NULL,
  at     INTEGER NOT NULL, -- days since the epoch
  name   INTEGER NOT NULL,
  cell   BLOB NOT NULL,
  PRIMARY KEY (kind, tenant, at, name)
) STRICT, WITHOUT ROWID;

INSERT INTO stats_days
  SELECT kind, tenant, at, name, part FROM (
    SELECT kinds.column1 AS kind, tenant, at, name, weir_cell_of_kind(cell, kinds.column1) AS part
    FROM stats_days_before CROSS JOIN (VALUES (0), (1), (2), (3)) AS kinds
  ) WHERE part IS NOT NULL ORDER BY kind, tenant, at, name;

DROP TABLE stats_days_before;
