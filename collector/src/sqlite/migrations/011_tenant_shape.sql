-- Flows of one customer and one name, or service, may lie far between all that the customer has: an index by both finds them. It
-- costs the writer about what two others give back. All flows are read in the order of their start by status, of which there
-- are five; and the name of a flow is told by its shape.

DROP INDEX flows_by_start;
DROP INDEX flows_by_tenant;
CREATE INDEX flows_by_tenant ON flows (tenant, started_at, status, duration_us, shape, active_us);
CREATE INDEX flows_by_tenant_shape ON flows (tenant, shape, started_at, status, duration_us, active_us);
