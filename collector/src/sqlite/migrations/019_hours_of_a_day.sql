-- A day is added up hour by hour, as its hours pass: so a question reads few of them, also late in a day.
-- Hours before closed_hour are in stats_days; of the tenants below closed_tenant those before closing_hour are.
ALTER TABLE stats_state ADD COLUMN closed_hour INTEGER NOT NULL DEFAULT 0;
ALTER TABLE stats_state ADD COLUMN closing_hour INTEGER NOT NULL DEFAULT 0;
UPDATE stats_state SET
  closed_hour = closed_day * 24,
  closing_hour = closed_day * 24 + CASE closed_tenant WHEN 0 THEN 0 ELSE 24 END;
ALTER TABLE stats_state DROP COLUMN closed_day;

-- How many flows of all names of a day have which status (kind 5, name 0).
INSERT INTO stats_days
  SELECT 5, tenant, at, 0, weir_statuses(cell) FROM stats_days WHERE kind = 4 AND at >= 0;
