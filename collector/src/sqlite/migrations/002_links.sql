-- Spans that are none of ours, by what they hang below: kept for a while, for steps that come later.
CREATE TABLE links (
  span   TEXT PRIMARY KEY,
  parent TEXT NOT NULL,
  at     INTEGER NOT NULL -- when it arrived
) STRICT, WITHOUT ROWID;

CREATE INDEX links_by_age ON links (at);

-- Flows in which a step waits to learn what this span hangs below.
CREATE TABLE unplaced (
  span TEXT NOT NULL,
  flow INTEGER NOT NULL REFERENCES flows (pk) ON DELETE CASCADE,
  PRIMARY KEY (span, flow)
) STRICT, WITHOUT ROWID;

CREATE INDEX unplaced_by_flow ON unplaced (flow);
