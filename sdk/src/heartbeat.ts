/**
 * Says that this process lives, while it has anything open: what a dead process left open is then known as lost.
 * One span per interval for the whole process, whatever the number of its flows.
 */
import { clearInterval, setInterval } from "node:timers";
import { ROOT_CONTEXT } from "@opentelemetry/api";
import { ATTR } from "./attributes.ts";
import { diagnoseInternal } from "./diagnostics.ts";
import type { Runtime } from "./runtime.ts";
import { sendPoint } from "./spans.ts";

/** Starts the heartbeat; returns what stops it. Never keeps the process alive. */
export function startHeartbeat(rt: Runtime, intervalMs: number): () => void {
  const timer = setInterval(beat, intervalMs).unref();

  function beat(): void {
    if (rt.counts.openFlows + rt.counts.openSteps === 0) return;
    try {
      const says = { [ATTR.kind]: "heartbeat", [ATTR.heartbeatInterval]: intervalMs };
      sendPoint(rt, "heartbeat", says, ROOT_CONTEXT);
    } catch (error) {
      diagnoseInternal("heartbeat", error);
    }
  }

  return () => clearInterval(timer);
}
