/** Whole numbers from 0 as few bytes, the lowest seven bits first; the highest bit of a byte says that more come. */

/** No number takes more. */
export const LONGEST_UINT = 8;

/** @returns where it ends; there must be room for the longest */
export function writeUint(to: Buffer, at: number, value: number): number {
  let end = at;
  let rest = value;
  while (rest > 0x7fffffff) {
    to[end++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  while (rest > 127) {
    to[end++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  to[end++] = rest;
  return end;
}

/** The same bytes with room for so many more behind those that are used: twice as much at least. */
export function withRoom(bytes: Buffer, used: number, more: number): Buffer<ArrayBuffer> {
  const larger = Buffer.allocUnsafe(Math.max(bytes.length * 2, used + more));
  bytes.copy(larger, 0, 0, used);
  return larger;
}
