/** Does what is sent arrive? Sent as the service would, and looked up as the page would. */
import { setTimeout as sleep } from "node:timers/promises";
import { flush, health } from "@weir/sdk";
import type { FlowDetail } from "../http/schemas.ts";
import type { CollectorClient } from "./collector.ts";
import { type Finding, failed } from "./report.ts";

/** What the doctor sends belongs to this customer. */
export const TENANT = "weir-doctor";

const ARRIVAL_MS = 5000;
const BETWEEN_LOOKS_MS = 50;

/** The flow as the collector has it; `sent` where the key may not look; or what went wrong. */
export type Arrival = { flow: FlowDetail } | { flow: "sent" } | { flow: undefined; problem: Finding };

/** Sends what is queued, and waits until the collector shows the flow as `complete` wants it. */
export async function arrival(
  collector: CollectorClient,
  id: string,
  complete: (flow: FlowDetail) => boolean = ({ status }) => status === "succeeded",
): Promise<Arrival> {
  const before = health();
  await flush(ARRIVAL_MS);
  const { queued, dropped, lastError } = health();
  if (queued > 0 || dropped > before.dropped) {
    return { flow: undefined, problem: notTaken(dropped > before.dropped, lastError?.message) };
  }
  const deadline = performance.now() + ARRIVAL_MS;
  for (;;) {
    const { status, body } = await collector.flow(TENANT, id);
    if (status === 401 || status === 403) return { flow: "sent" };
    const flow = status === 200 ? (body as FlowDetail) : undefined;
    if (flow !== undefined && complete(flow)) return { flow };
    if (performance.now() > deadline)
      return { flow: undefined, problem: notShown(collector, id, status, flow) };
    await sleep(BETWEEN_LOOKS_MS);
  }
}

function notTaken(refused: boolean, why = "no reason given"): Finding {
  return refused
    ? failed(
        `the collector refused the doctor's spans: ${why}`,
        `a key that is bound to one tenant refuses the doctor's, ${TENANT}: try it with one that is not`,
      )
    : failed(
        `the spans could not be sent within ${ARRIVAL_MS / 1000} s: ${why}`,
        "see the collector's log, and whether its disk is full",
      );
}

function notShown(
  { base }: CollectorClient,
  id: string,
  status: number,
  flow: FlowDetail | undefined,
): Finding {
  const got = flow === undefined ? `${status}` : `${flow.status} with ${flow.steps.length} steps`;
  return failed(
    `flow ${id} was taken, but is not shown whole after ${ARRIVAL_MS / 1000} s: got ${got}`,
    `see whether ${base} is the collector that the spans reach, and its log`,
  );
}
