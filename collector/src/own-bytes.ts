/** Bytes that have their memory to themselves, which then can be handed over, or let go of. */
import { isMarkedAsUntransferable } from "node:worker_threads";

/** Whether nothing else lies in the buffer under it. Small ones of Node share a pool. */
export function ownsItsBuffer(bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  return (
    bytes.length === buffer.byteLength && buffer instanceof ArrayBuffer && !isMarkedAsUntransferable(buffer)
  );
}

/**
 * Frees the memory of bytes that nobody reads any more, where they have it to themselves. What lies outside of the heap
 * counts for the collector of garbage too: bodies that were left to it would have it go over all that a thread holds
 * several times a second.
 */
export function release(bytes: Uint8Array): void {
  if (ownsItsBuffer(bytes)) bytes.buffer.transfer(0);
}
