/** The graph: who hands what to whom. */
import { Graph, sqliteJournal } from "@weir/sdk/graph";
import { JOURNAL } from "./places.ts";
import { aggregate, picture, price, Read, reject, stock, Validate, write } from "./routines.ts";

export const journal = sqliteJournal(JOURNAL);

// A dead process' job may be taken after this time: shorter than usual, as nobody waits long for a demo.
export const graph = new Graph("catalogue", {
  routines: { read: new Read(), validate: new Validate(), price, stock, picture, aggregate, write, reject },
  journal,
  leaseMs: 2_000,
  concurrent: 8,
});

// The compiler knows the names, and that a `line` is what validate calls `text`.
graph.connect({
  source: "read",
  event: "row",
  target: "validate",
  slot: "text",
  paramMapping: { line: "text" },
});
graph.connect({ source: "validate", event: "bad", target: "reject", slot: "in" });
for (const target of ["price", "stock", "picture"] as const)
  graph.connect({ source: "validate", event: "good", target, slot: "in" });
graph.connect({ source: "price", event: "found", target: "aggregate", slot: "in" });
graph.connect({ source: "stock", event: "found", target: "aggregate", slot: "in" });
graph.connect({ source: "aggregate", event: "done", target: "write", slot: "in" });
