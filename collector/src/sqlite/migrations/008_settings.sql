-- What was set from the page, as JSON: traceLink is text, stalledAfter a list of [flow name, milliseconds].

CREATE TABLE settings (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
