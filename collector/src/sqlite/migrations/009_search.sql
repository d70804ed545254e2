-- What a search finds flows by, and what lists are sorted by. Most flows of a name say the same words: they share a
-- shape, and their words are written once, with it. `weir_words` and `weir_last_said` are the program's own.

-- Of flows of one name, those with the same services and the same names of steps.
CREATE TABLE shapes (
  number INTEGER PRIMARY KEY,
  name   INTEGER NOT NULL, -- of texts
  parts  TEXT NOT NULL,    -- JSON: services, names of steps
  UNIQUE (name, parts)
) STRICT;

CREATE TABLE shape_services (
  service TEXT NOT NULL,
  shape   INTEGER NOT NULL,
  PRIMARY KEY (service, shape)
) STRICT, WITHOUT ROWID;

-- Names with flows that share no shape, because too many differ: in place of one they tell the name, less than 0.
CREATE TABLE loose_names (
  name INTEGER PRIMARY KEY -- of texts
) STRICT;

-- Words of errors, apart from those that are made of data.
CREATE TABLE error_texts (
  number INTEGER PRIMARY KEY,
  text   TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE error_flows (
  error      INTEGER NOT NULL, -- of error_texts
  started_at INTEGER NOT NULL,
  flow       INTEGER NOT NULL,
  PRIMARY KEY (error, started_at, flow)
) STRICT, WITHOUT ROWID;

CREATE TABLE words (
  word   TEXT NOT NULL,
  kind   INTEGER NOT NULL, -- 0: of shapes, 1: of labels, 2: of error_texts
  number INTEGER NOT NULL,
  PRIMARY KEY (word, kind, number)
) STRICT, WITHOUT ROWID;

-- Words that a flow has for itself: what is made of data in its error; of loose flows the names of steps.
CREATE TABLE word_flows (
  word       TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  flow       INTEGER NOT NULL,
  PRIMARY KEY (word, started_at, flow)
) STRICT, WITHOUT ROWID;

-- Flows up to this one were there before: of their steps and their errors nothing is in these tables.
CREATE TABLE unsearched (
  up_to INTEGER NOT NULL
) STRICT;

-- Bounds of 128 flows each, by which a list is sorted without an index on what it is sorted by.
CREATE TABLE blocks (
  block         INTEGER PRIMARY KEY, -- a flow's pk / 128
  first_started INTEGER NOT NULL,
  last_active   INTEGER NOT NULL,
  last_ended    INTEGER,
  longest       INTEGER,
  shortest      INTEGER
) STRICT;

-- The same by name: what takes long for one workflow is short for another.
CREATE TABLE name_blocks (
  name     INTEGER NOT NULL, -- of texts
  block    INTEGER NOT NULL,
  longest  INTEGER NOT NULL,
  shortest INTEGER NOT NULL,
  PRIMARY KEY (name, block)
) STRICT, WITHOUT ROWID;

ALTER TABLE flows ADD COLUMN shape INTEGER NOT NULL DEFAULT 0; -- of shapes, or less than 0
ALTER TABLE flows ADD COLUMN active_us INTEGER; -- from its start to the last that was said of it; null: to its end

UPDATE flows SET shape = -name, active_us = nullif(max(0, weir_last_said(state) - started_at), duration_us);
INSERT INTO unsearched SELECT coalesce(max(pk), 0) FROM flows;
INSERT INTO loose_names SELECT DISTINCT name FROM flows;
INSERT OR IGNORE INTO words
  SELECT w.value, 0, -name FROM loose_names JOIN texts ON number = name, json_each(weir_words(text)) w;
INSERT OR IGNORE INTO words SELECT w.value, 1, number FROM labels, json_each(weir_words(labels.value)) w;
INSERT INTO blocks
  SELECT pk / 128, min(started_at), max(started_at + coalesce(active_us, duration_us)), max(started_at + duration_us),
    max(duration_us), min(duration_us)
  FROM flows GROUP BY 1;
INSERT INTO name_blocks
  SELECT name, pk / 128, max(duration_us), min(duration_us) FROM flows WHERE duration_us IS NOT NULL GROUP BY 1, 2;

DROP INDEX flows_by_name;
CREATE INDEX flows_by_shape ON flows (shape, started_at);
CREATE INDEX blocks_by_start ON blocks (first_started);
CREATE INDEX blocks_by_activity ON blocks (last_active);
CREATE INDEX blocks_by_end ON blocks (last_ended);
CREATE INDEX blocks_by_longest ON blocks (longest);
CREATE INDEX blocks_by_shortest ON blocks (shortest);
