-- Sums beside the days, so that a question reads a few rows for a month: of all days that are closed (day -1), and of how flows
-- of all names of a day stand (kind 4, name 0).
INSERT INTO stats_days
  SELECT kind, tenant, -1, name, weir_cell_sum(cell) FROM stats_days WHERE at >= 0 GROUP BY kind, tenant, name;

INSERT INTO stats_days
  SELECT 4, tenant, at, 0, weir_cell_sum(cell) FROM stats_days WHERE at >= 0 AND kind = 0 GROUP BY tenant, at;
