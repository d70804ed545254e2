/**
 * A flow in detail, as the bytes of its answer. Other answers are small; this one grows with the flow, and where the
 * store is on another thread its bytes cross cheaply, while the thread of the doors would be busy with 50,000 steps
 * for a tenth of a second and more.
 */
import type { FlowDetail, FlowKey } from "../flow.ts";
import type { Questions } from "../store.ts";
import { outlineOf } from "./outline.ts";
import { presentDetail, presentOutline } from "./present.ts";

/** A flow as JSON; `undefined` where there is no such flow. */
export interface FlowBytes {
  /** A `FlowDetail`. */
  whole(key: FlowKey): Promise<Uint8Array | undefined>;
  /** A `FlowOutline` first: of a small flow that is all. */
  stages(key: FlowKey): Promise<Stages | undefined>;
}

export interface Stages {
  outline: Uint8Array;
  /** Makes the `FlowDetail` of the same moment; to be called at once, or never. `null` where the outline leaves nothing out. */
  whole: (() => Promise<Uint8Array>) | null;
}

export function flowBytesOf(store: Pick<Questions, "flow">): FlowBytes {
  return {
    async whole(key) {
      const flow = await store.flow(key);
      return flow && wholeBytes(flow);
    },
    async stages(key) {
      const flow = await store.flow(key);
      return flow && stagesOf(flow);
    },
  };
}

export function stagesOf(flow: FlowDetail): Stages {
  const outline = outlineOf(flow);
  const isAll = outline.steps.length === flow.steps.length;
  return { outline: bytesOf(presentOutline(outline)), whole: isAll ? null : async () => wholeBytes(flow) };
}

function wholeBytes(flow: FlowDetail): Uint8Array {
  return bytesOf(presentDetail(flow));
}

function bytesOf(answer: object): Uint8Array {
  return Buffer.from(JSON.stringify(answer));
}
