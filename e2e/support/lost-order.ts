/** An order of a process that is gone: its first charge failed, its second one stands open. */
import { setTimeout as sleep } from "node:timers/promises";
import type { StuckPage } from "@weir/collector/schemas";
import { jsonBody, type ShortSpan } from "../../collector/test/otlp-support.ts";
import { get, until } from "./api.ts";

const IDENTITY = { "weir.flow.id": "order-7", "weir.flow.name": "checkout", "weir.tenant": "hooli" };
const OPEN = { "weir.pending": true };
const HEARTBEAT_MS = 100;

/** Sends `order-7` of hooli, and waits until it counts as lost. */
export async function loseOrder(collector: string): Promise<void> {
  const resource = {
    "service.name": "payments",
    "service.instance.id": "payments-1",
    "weir.heartbeat.interval_ms": HEARTBEAT_MS,
  };
  const body = jsonBody(spansFrom(Date.now() - 600_000), resource).toString();
  const headers = { "content-type": "application/json" };
  const sent = await fetch(`${collector}/v1/traces`, { method: "POST", headers, body });
  if (!sent.ok) throw new Error(`expected 200, got ${sent.status}: ${await sent.text()}`);
  await until("the order is lost", async () => {
    await sleep(HEARTBEAT_MS);
    return (await get<StuckPage>(`${collector}/api/v1/stuck`)).flows.length > 0;
  });
}

/** @param start milliseconds since 1970 */
function spansFrom(start: number): ShortSpan[] {
  const span = (name: string, after: number, attributes: ShortSpan["attributes"]): ShortSpan => {
    const at = BigInt(start + after) * 1_000_000n;
    return {
      traceId: "7".repeat(32),
      spanId: String(after).padStart(16, "a"),
      name,
      start: at,
      end: at,
      attributes: { ...IDENTITY, ...attributes },
    };
  };
  const charge = (id: string, attempt: number) => ({
    "weir.kind": "step",
    "weir.step.id": id,
    "weir.step.attempt": attempt,
  });
  const failure = {
    name: "exception",
    attributes: { "exception.type": "CardError", "exception.message": "card_declined" },
  };
  return [
    span("checkout", 0, { "weir.kind": "flow", ...OPEN }),
    { ...span("charge", 1, charge("c1", 1)), status: { code: 2 }, events: [failure] },
    span("charge", 2, { ...charge("c2", 2), ...OPEN }),
  ];
}
