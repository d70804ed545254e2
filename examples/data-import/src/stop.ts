/** A clean end, the same in every service of the demo. */
import { setTimeout as sleep } from "node:timers/promises";
import { shutdown } from "@weir/sdk";

/** Work that takes longer than this is not waited for. */
const PATIENCE_MS = 2000;

/** On SIGTERM and Ctrl-C: closes what the service has open, sends what Weir still holds, and exits. */
export function onStop(close: () => Promise<unknown>): void {
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    await Promise.race([close(), sleep(PATIENCE_MS)]);
    await shutdown();
    process.exit();
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}
