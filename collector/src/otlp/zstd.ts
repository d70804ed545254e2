/** Whether a zstd body is all there. Node 22 inflates one that breaks off as if it had ended, and tells nobody. */

const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
const RLE = 1;
/** By the two bits of the descriptor that say so. */
const DICTIONARY_BYTES = [0, 1, 2, 4];
const CONTENT_BYTES = [0, 2, 4, 8];

/**
 * Goes from block to block by their headers (RFC 8878) and inflates nothing.
 *
 * @returns `false` where the last frame breaks off. What is no zstd at all is for whoever inflates it to refuse.
 */
export function isWholeZstd(body: Buffer): boolean {
  let at = 0;
  while (at + 4 <= body.length) {
    const magic = body.readUInt32LE(at);
    if (magic === MAGIC) at = endOfFrame(body, at + 4);
    else if ((magic & ~15) >>> 0 === SKIPPABLE)
      at = at + 8 <= body.length ? at + 8 + body.readUInt32LE(at + 4) : Infinity;
    else return true;
  }
  return at === body.length;
}

/** @returns a place beyond the body where it breaks off. */
function endOfFrame(body: Buffer, start: number): number {
  const descriptor = body[start] ?? 0;
  const isSingle = (descriptor & 32) !== 0;
  const hasChecksum = (descriptor & 4) !== 0;
  const content = (CONTENT_BYTES[descriptor >> 6] as number) || (isSingle ? 1 : 0);
  let at = start + 1 + (isSingle ? 0 : 1) + (DICTIONARY_BYTES[descriptor & 3] as number) + content;
  for (let isLast = false; !isLast; ) {
    if (at + 3 > body.length) return Number.POSITIVE_INFINITY;
    const header = body.readUIntLE(at, 3);
    isLast = (header & 1) === 1;
    at += 3 + (((header >> 1) & 3) === RLE ? 1 : header >> 3);
  }
  return at + (hasChecksum ? 4 : 0);
}
