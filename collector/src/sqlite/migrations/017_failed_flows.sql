-- What failed or was cancelled is asked for far more often than there is much of it: found at once, by customer and by shape. Few
-- flows are in these indices, and each of them only once it has ended.
CREATE INDEX flows_failed_by_tenant ON flows (tenant, status, started_at, shape, duration_us, active_us) WHERE status IN (3, 4);
CREATE INDEX flows_failed_by_shape ON flows (shape, status, started_at, duration_us, active_us) WHERE status IN (3, 4);
