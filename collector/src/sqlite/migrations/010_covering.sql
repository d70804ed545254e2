-- The indices that find flows hold all that flows are counted, sorted and narrowed by: to read that from the flows
-- themselves takes ten times as long. An entry grows by a few bytes; how many are written stays the same.

DROP INDEX flows_by_tenant;
DROP INDEX flows_by_status;
DROP INDEX flows_by_shape;
CREATE INDEX flows_by_tenant ON flows (tenant, started_at, name, status, duration_us, shape, active_us);
CREATE INDEX flows_by_status ON flows (status, started_at, shape, duration_us, active_us);
CREATE INDEX flows_by_shape ON flows (shape, started_at, status, duration_us, active_us);

-- What is long for a name, and what is short: found without a look at all of its blocks.
CREATE INDEX name_blocks_by_longest ON name_blocks (name, longest);
CREATE INDEX name_blocks_by_shortest ON name_blocks (name, shortest);
