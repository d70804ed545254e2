/** Texts that repeat from span to span, such as keys of attributes: the same string again, without making it again. */

/** A power of two. A clash costs a second reading, nothing more. */
const SLOTS = 1024;
const LONGEST = 64;

const slots: string[] = new Array(SLOTS).fill("");

/** The text of these bytes, which are UTF-8. */
export function repeatedText(bytes: Buffer, start: number, stop: number): string {
  const length = stop - start;
  if (length === 0) return "";
  if (length > LONGEST) return bytes.toString("utf8", start, stop);
  let hash = length;
  for (let i = start; i < stop; i++) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0;
  const slot = (hash ^ (hash >>> 12)) & (SLOTS - 1);
  const known = slots[slot] as string;
  if (isSame(known, bytes, start, length)) return known;
  const text = bytes.toString("utf8", start, stop);
  slots[slot] = text;
  return text;
}

/** What is not plain ASCII counts as another: one character of it is several bytes. */
function isSame(text: string, bytes: Buffer, start: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let i = 0; i < length; i++) {
    const byte = bytes[start + i] as number;
    if (byte > 127 || text.charCodeAt(i) !== byte) return false;
  }
  return true;
}
