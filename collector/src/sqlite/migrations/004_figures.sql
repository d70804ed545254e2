-- Flows by status, counted as they change: a question about the whole store must not scan it.
CREATE TABLE flow_counts (
  status INTEGER PRIMARY KEY, -- as in flows
  flows  INTEGER NOT NULL
) STRICT;

INSERT INTO flow_counts SELECT status, count(*) FROM flows GROUP BY status;

-- Whoever deletes; what is written is counted by the program, once a commit.
CREATE TRIGGER flows_deleted AFTER DELETE ON flows BEGIN
  UPDATE flow_counts SET flows = flows - 1 WHERE status = OLD.status;
END;

-- One row, written to find out whether one can write.
CREATE TABLE probe (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  at INTEGER NOT NULL
) STRICT;
