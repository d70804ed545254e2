/**
 * A flow in detail, as the bytes of its answer. Other answers are small; this one grows with the flow, and where the
 * store is on another thread its bytes cross cheaply, while the thread of the doors would be busy with 50,000 steps
 * for a tenth of a second and more.
 */
import type { FlowKey } from "../flow.ts";
import type { Questions } from "../store.ts";
import { presentDetail } from "./present.ts";

/** The JSON of a `FlowDetail`; `undefined` where there is no such flow. */
export type DetailBytes = (key: FlowKey) => Promise<Uint8Array | undefined>;

export function detailBytesOf(store: Pick<Questions, "flow">): DetailBytes {
  return async (key) => {
    const flow = await store.flow(key);
    return flow === undefined ? undefined : Buffer.from(JSON.stringify(presentDetail(flow)));
  };
}
