// One measurement of throughput.ts, in a process of its own: runs steps at a steady rate at default settings.
// Arguments: steps a second, seconds, the exporter's address. Prints a Pace as JSON.
import { setTimeout as pause } from "node:timers/promises";
import { flow, flush, health, setup, step } from "../sdk/src/index.ts";

export interface Pace {
  /** Steps a second that were run. */
  rate: number;
  dropped: number;
  /** Share of one core. */
  cpu: number;
}

const [rate = 0, seconds = 0] = process.argv.slice(2, 4).map(Number);
const endpoint = process.argv[4] ?? "";
const TURN_MS = 2;
const WARM_UP_MS = 1000;

setup({ serviceName: "bench", endpoint, onDiagnostic() {} });
const f = flow.open({ name: "data_import", tenant: "acme-corp" });
await steadily(WARM_UP_MS);
const before = process.cpuUsage();
const started = performance.now();
const droppedBefore = health().dropped;
const done = await steadily(seconds * 1000);
const ms = performance.now() - started;
const { user, system } = process.cpuUsage(before);
await flush();
const pace: Pace = {
  rate: done / (ms / 1000),
  dropped: health().dropped - droppedBefore,
  cpu: (user + system) / 1000 / ms,
};
process.stdout.write(JSON.stringify(pace), () => process.exit());

/** Never more at once than is due after a turn that took long: what is late is caught up in small helpings. */
async function steadily(forMs: number): Promise<number> {
  const start = performance.now();
  let count = 0;
  for (let passed = 0; passed < forMs; passed = performance.now() - start) {
    const due = Math.min((passed / 1000) * rate - count, (rate / 1000) * TURN_MS * 10);
    f.run(() => {
      for (let n = 0; n < due; n += 1) step.start("validate", { attributes: { rows: n } }, nothing);
    });
    count += Math.max(0, Math.ceil(due));
    await pause(TURN_MS);
  }
  return count;
}

function nothing(): void {}
