-- What tells without a walk through flows which of them two filters can have in common, and how many each has.

-- How many flows are of a shape: to choose by what to walk, flows need not be counted.
ALTER TABLE shapes ADD COLUMN flows INTEGER NOT NULL DEFAULT 0;
ALTER TABLE loose_names ADD COLUMN flows INTEGER NOT NULL DEFAULT 0;
UPDATE shapes SET flows = (SELECT count(*) FROM flows WHERE shape = shapes.number);
UPDATE loose_names SET flows = (SELECT count(*) FROM flows WHERE shape = -loose_names.name);

-- Shapes of which a label has, or had, flows: others with that label need not be looked for.
CREATE TABLE label_shapes (
  label INTEGER NOT NULL, -- of labels
  shape INTEGER NOT NULL, -- of shapes, or less than 0
  PRIMARY KEY (label, shape)
) STRICT, WITHOUT ROWID;

INSERT INTO label_shapes SELECT DISTINCT p.label, f.shape FROM label_flows p CROSS JOIN flows f ON f.pk = p.flow;

-- With the time in which they began, the flows of a block that some filter wants are found by its index.
ALTER TABLE blocks ADD COLUMN last_started INTEGER NOT NULL DEFAULT 0;
UPDATE blocks SET last_started = coalesce(
  (SELECT max(started_at) FROM flows NOT INDEXED WHERE pk BETWEEN block * 128 AND block * 128 + 127), first_started);

-- What failed is mostly shorter than what did not: the lengths of a name are told by how its flows ended.
DROP TABLE name_blocks;
CREATE TABLE name_blocks (
  name     INTEGER NOT NULL, -- of texts
  status   INTEGER NOT NULL, -- as in flows
  block    INTEGER NOT NULL,
  longest  INTEGER NOT NULL,
  shortest INTEGER NOT NULL,
  PRIMARY KEY (name, status, block)
) STRICT, WITHOUT ROWID;

INSERT INTO name_blocks
  SELECT name, status, pk / 128, max(duration_us), min(duration_us)
  FROM flows WHERE duration_us IS NOT NULL GROUP BY 1, 2, 3;

CREATE INDEX name_blocks_by_longest ON name_blocks (name, status, longest);
CREATE INDEX name_blocks_by_shortest ON name_blocks (name, status, shortest);
