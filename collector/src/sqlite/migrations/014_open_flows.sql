-- How an open flow is, is asked of all of them again and again: told by the index, without a look at each.
DROP INDEX flows_open;
CREATE INDEX flows_open ON flows (started_at, tenant, name, shape, status, active_us, runners) WHERE duration_us IS NULL;
