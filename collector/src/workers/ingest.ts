/** The way of a message through the threads: a large one is decoded on one while another writes the one before. */
import type { Ingest } from "../otlp/ingest.ts";
import { release } from "../own-bytes.ts";
import type { Thread } from "../threads/thread.ts";
import { type DecoderCalls, unfold, type WriterCalls } from "./calls.ts";

/** Bytes. To hand over a smaller one costs more than to decode it where it is written. */
const LARGE = 32 * 1024;

/** What waits on the two together is bounded as on one. */
export function ingestOn(decoder: Thread<DecoderCalls>, writer: Thread<WriterCalls>): Ingest["take"] {
  return async ({ body, ...delivery }) => {
    if (body.length < LARGE) return unfold(await writer.call("take", delivery, { bytes: body }));
    const refusal = writer.refusal({ bytes: body });
    if (refusal !== undefined) throw refusal;
    const since = performance.now();
    const [message, came] = await decoder.call("fold", delivery, { bytes: body });
    const receipt = await writer.call("keep", undefined, { bytes: message, since });
    if (receipt === null) return unfold(await writer.call("take", delivery, { bytes: came, since }));
    release(came);
    return unfold(receipt);
  };
}
