/** Flows by plain OTLP, as a program without the SDK sends them: with what no SDK would say, and at any time. */
import { randomBytes } from "node:crypto";
import { jsonBody } from "../../collector/test/otlp-support.ts";

export interface HandStep {
  name: string;
  /** Milliseconds before now. */
  ago: number;
  /** Milliseconds; absent: it is still open. */
  took?: number;
  node?: string;
  edge?: string;
  attempt?: number;
  failed?: string;
  /** Default: anew for each. Said again, it is the same step. */
  id?: string;
}

export interface HandFlow {
  tenant: string;
  id: string;
  name: string;
  /** Its JSON, or whatever text stands there. */
  definition?: object | string;
  /** Milliseconds before now. */
  ago: number;
  /** Absent: it is still open. */
  status?: "succeeded" | "failed" | "cancelled" | "paused";
  /** Why it was cancelled or paused. */
  reason?: string;
  steps?: HandStep[];
}

/** Sends a flow and steps of it; more of the same flow may be sent later. */
export async function sendByHand(collector: string, flow: HandFlow): Promise<void> {
  const identity = {
    "weir.flow.id": flow.id,
    "weir.flow.name": flow.name,
    "weir.tenant": flow.tenant,
  };
  const { definition, status } = flow;
  const text = typeof definition === "object" ? JSON.stringify(definition) : definition;
  const about = text === undefined ? {} : { "weir.definition": text };
  const spans = [
    aSpan(flow.name, flow.ago, 0, { "weir.kind": "flow", "weir.open": true, ...identity, ...about }),
    ...(flow.steps ?? []).map((step) => {
      const attributes = {
        "weir.kind": "step",
        "weir.step.id": step.id ?? randomBytes(8).toString("hex"),
        ...(step.node === undefined ? {} : { "weir.step.node": step.node }),
        ...(step.edge === undefined ? {} : { "weir.step.edge": step.edge }),
        ...(step.attempt === undefined ? {} : { "weir.step.attempt": step.attempt }),
        ...(step.took === undefined ? { "weir.open": true } : {}),
        ...identity,
      };
      const message = step.failed;
      return {
        ...aSpan(step.name, step.ago, step.took ?? 0, attributes),
        status: message === undefined ? { code: 0 } : { code: 2, message },
      };
    }),
  ];
  if (status !== undefined)
    spans.push(
      aSpan("end", 0, 0, {
        "weir.kind": "end",
        "weir.status": status,
        ...(flow.reason === undefined ? {} : { "weir.reason": flow.reason }),
        ...identity,
      }),
    );
  const response = await fetch(`${collector}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: jsonBody(spans, { "service.name": "by-hand" }).toString(),
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(`expected 200, got ${response.status}: ${answer}`);
}

function aSpan(
  name: string,
  ago: number,
  took: number,
  attributes: Record<string, string | number | boolean>,
) {
  const start = BigInt(Math.round(Date.now() - ago)) * 1_000_000n;
  return {
    traceId: randomBytes(16).toString("hex"),
    spanId: randomBytes(8).toString("hex"),
    name,
    start,
    end: start + BigInt(Math.round(took)) * 1_000_000n,
    attributes,
  };
}
