// What `npm run bench` runs: every figure that the README quotes, printed as one table; `npm run bench -- ingest` some.
// Machines are noisy: the ratios, taken within one run, say more than the figures beside them.
import { availableParallelism } from "node:os";
import { durable } from "./durable.ts";
import { durableCompare } from "./durable-compare.ts";
import { graph } from "./graph.ts";
import { ingest } from "./ingest.ts";
import { journal } from "./journal.ts";
import { large } from "./large.ts";
import { latency } from "./latency.ts";
import { memory } from "./memory.ts";
import { page } from "./page.ts";
import { queries } from "./queries.ts";
import { service } from "./service.ts";
import { size } from "./size.ts";
import { stepCost } from "./step-cost.ts";
import { streams } from "./streams.ts";
import { type Figure, table } from "./table.ts";
import { throughput } from "./throughput.ts";
import { workflow } from "./workflow.ts";

const MEASURES: Record<string, () => Promise<Figure[]>> = {
  size,
  stepCost,
  throughput,
  memory,
  service,
  journal,
  durable,
  workflow,
  graph,
  ingest,
  latency,
  streams,
  page,
  queries,
  large,
  durableCompare,
};
/** Only when it is named: the one takes a quarter of an hour and some GiB of disk, the other needs a PostgreSQL. */
const ON_DEMAND = ["large", "durableCompare"];

const named = process.argv.slice(2);
const unknown = named.find((name) => !Object.hasOwn(MEASURES, name));
if (unknown !== undefined) {
  console.error(`bench: expected any of ${Object.keys(MEASURES).join(", ")}, got ${JSON.stringify(unknown)}`);
  process.exit(2);
}
const figures: Figure[] = [];
for (const [name, measure] of Object.entries(MEASURES)) {
  if (named.length > 0 ? !named.includes(name) : ON_DEMAND.includes(name)) continue;
  console.error(`bench: ${name} …`);
  figures.push(...(await measure()));
}
console.log(`\nNode ${process.versions.node}, ${availableParallelism()} cores\n\n${table(figures)}`);
