// One measurement of memory.ts, in a process of its own, with --expose-gc. Prints a number of bytes, or a list of them.
// Arguments: open | steps, the exporter's address.
import { setImmediate as turn } from "node:timers/promises";
import { flow, flush, health, setup, step } from "../sdk/src/index.ts";

const [subject, endpoint = ""] = process.argv.slice(2);
const OPEN = 10_000;
const STEPS = 1_000_000;
const WARM_UP = 200_000;
const READINGS = 10;
const AT_ONCE = 5_000;

setup({ serviceName: "bench", endpoint });
process.stdout.write(JSON.stringify(subject === "open" ? await perOpenFlow() : await curve()));
process.exit();

/** Bytes for a flow that is open, with one open step: after both were announced, and that was sent. */
async function perOpenFlow(): Promise<number> {
  await openFlows(OPEN / 10);
  const before = heap();
  const kept = await openFlows(OPEN);
  const bytes = (heap() - before) / OPEN;
  // Held until after the measurement.
  if (kept.length !== OPEN || health().openSteps !== OPEN * 1.1) throw new Error("expected them to be open");
  return bytes;
}

async function openFlows(count: number): Promise<unknown[]> {
  const flows = Array.from({ length: count }, (_, n) => {
    const f = flow.open({ name: "data_import", tenant: `tenant-${n % 100}`, labels: { env: "production" } });
    f.run(() => step.open("validate", { attributes: { rows: n } }));
    return f;
  });
  await flush(30_000);
  return flows;
}

/** Bytes above the start, read again and again while a million steps run. */
async function curve(): Promise<number[]> {
  const f = flow.open({ name: "data_import", tenant: "acme-corp" });
  await steps(WARM_UP);
  const before = heap();
  const readings: number[] = [];
  for (let n = 0; n < READINGS; n += 1) {
    await steps(STEPS / READINGS);
    readings.push(heap() - before);
  }
  f.end();
  return readings;

  async function steps(count: number): Promise<void> {
    for (let done = 0; done < count; done += AT_ONCE) {
      f.run(() => {
        for (let n = 0; n < AT_ONCE; n += 1) step.start("validate", { attributes: { rows: n } }, nothing);
      });
      await flush(30_000);
    }
    await turn();
    if (health().dropped > 0)
      throw new Error(`expected nothing to be dropped, got ${JSON.stringify(health())}`);
  }
}

function nothing(): void {}

/** With the buffers outside it: spans that wait are written there. */
function heap(): number {
  for (let n = 0; n < 4; n += 1) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
