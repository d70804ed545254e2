// What `npm run bench` runs: every figure that the README quotes, printed as one table.
// Machines are noisy: the ratios, taken within one run, say more than the figures beside them.
import { availableParallelism } from "node:os";
import { ingest } from "./ingest.ts";
import { latency } from "./latency.ts";
import { memory } from "./memory.ts";
import { service } from "./service.ts";
import { stepCost } from "./step-cost.ts";
import { type Figure, table } from "./table.ts";
import { throughput } from "./throughput.ts";

const figures: Figure[] = [];
for (const [name, measure] of Object.entries({ stepCost, throughput, memory, service, ingest, latency })) {
  console.error(`bench: ${name} …`);
  figures.push(...(await measure()));
}
console.log(`\nNode ${process.versions.node}, ${availableParallelism()} cores\n\n${table(figures)}`);
