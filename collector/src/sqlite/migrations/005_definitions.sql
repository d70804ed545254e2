-- Shapes of workflows. The state of a flow tells its own by number.
CREATE TABLE definitions (
  -- Never given again: another program that has read one by number must not find another there.
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  digest BLOB NOT NULL UNIQUE,        -- SHA-256 of the text
  text   TEXT NOT NULL,               -- JSON
  flows  INTEGER NOT NULL DEFAULT 0   -- that carry it
) STRICT;

CREATE INDEX definitions_unused ON definitions (number) WHERE flows = 0;
