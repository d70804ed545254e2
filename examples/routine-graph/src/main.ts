/** Runs the job, and does what is typed: `node src/main.ts start | resume`. */
import { createInterface } from "node:readline";
import { setup, shutdown } from "@weir/sdk";
import type { Job } from "@weir/sdk/graph";
import { graph, journal } from "./graph.ts";
import { ROWS, SAVED } from "./places.ts";
import { makeRows } from "./rows.ts";

const JOB = "catalogue-1";
const [command = "start"] = process.argv.slice(2);

setup({ serviceName: "catalogue" });
makeRows(Number(process.env["DEMO_ROWS"]) || 200);

const job: Job =
  command === "resume"
    ? await graph.resume(JOB)
    : graph.execute({ entry: "read", params: { path: ROWS }, id: JOB, tenant: "acme-corp" });
console.log(`catalogue: ${JOB} runs. Type p to pause, r to resume, c to cancel, and Enter`);

const terminal = createInterface({ input: process.stdin });
terminal.on("line", (line) => {
  typed(line.trim()).catch((error: unknown) => console.log(`catalogue: ${String(error)}`));
});

const { status, numbers, shared, deadLetters, pending } = await job.done;
terminal.close();
const pictures = shared.get("pictures");
console.log(
  `catalogue: ${JOB} ${status}: ${numbers.succeeded} deliveries, ${numbers.retries} retries, ` +
    `${pictures} pictures, ${deadLetters.length} without, ${pending.length} not done`,
);
await shutdown();
await journal.close();

async function typed(line: string): Promise<void> {
  if (line === "p") {
    const state = await job.pause("typed in the terminal", { rows: job.state.routine("write").succeeded });
    await state.save(SAVED);
    console.log(
      `catalogue: ${JOB} is paused, ${state.pending.length} deliveries wait. Kill me, and resume elsewhere`,
    );
  } else if (line === "r") await job.resume();
  else if (line === "c") await job.cancel("typed in the terminal");
}
