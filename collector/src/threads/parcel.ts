/** Bytes of many calls, ready to be handed to another thread with one message. */
import { ownsItsBuffer } from "../own-bytes.ts";

/** Below this a copy costs less than handing a buffer over, and most buffers so small share Node's pool. */
const SMALL = 32 * 1024;

/**
 * Puts what is small into one buffer; what is large is handed over as it is, where it has its buffer to itself.
 *
 * @returns the same bytes in the same order, and what `postMessage` is to transfer for them.
 */
export function parcel(parts: readonly (Uint8Array | undefined)[]): {
  parts: (Uint8Array | undefined)[];
  transfer: ArrayBuffer[];
} {
  const transfer: ArrayBuffer[] = [];
  let copied = 0;
  for (const part of parts) {
    if (part === undefined) continue;
    if (isHandedOver(part)) transfer.push(part.buffer);
    else copied += part.length;
  }
  if (copied === 0) return { parts: [...parts], transfer };

  const shared = new Uint8Array(new ArrayBuffer(copied));
  let used = 0;
  const packed = parts.map((part) => {
    if (part === undefined || isHandedOver(part)) return part;
    const copy = shared.subarray(used, used + part.length);
    copy.set(part);
    used += part.length;
    return copy;
  });
  return { parts: packed, transfer: [...transfer, shared.buffer] };
}

function isHandedOver(part: Uint8Array): part is Uint8Array<ArrayBuffer> {
  return part.length >= SMALL && ownsItsBuffer(part);
}
