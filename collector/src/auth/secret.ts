/**
 * Secrets that others hold and we only recognise: `<prefix>_<id>_<256 random bits>`. The id is public and finds the
 * record, the hash of the whole text is compared with the record's in constant time. A fast hash is enough: what
 * makes a slow one necessary is a secret that people choose, and 256 random bits can't be guessed at any speed.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

export interface Minted {
  id: string;
  /** Shown once, kept nowhere. */
  text: string;
  hash: Buffer;
}

/** Bytes from a good source; a test may hand in others. */
export type Random = (bytes: number) => Buffer;

const ID_DIGITS = 8;
const SECRET_DIGITS = 50;
/** Compared with where there is no record, so that both cases take the same time. */
const NOBODY = Buffer.alloc(32);

/** @example mint("weir_read").text // "weir_read_4k2m9x1q_0c4…": 50 letters and digits at the end */
export function mint(prefix: string, random: Random = randomBytes): Minted {
  const id = base36(random(5), ID_DIGITS);
  const text = `${prefix}_${id}_${base36(random(32), SECRET_DIGITS)}`;
  return { id, text, hash: hashOf(text) };
}

/** The id in a text that looks like one of ours. */
export function idIn(text: string): string | undefined {
  return /^[a-z_]{1,16}_([0-9a-z]{8})_[0-9a-z]{50}$/.exec(text)?.[1];
}

/** Whether the text is the one that the hash was made of; in constant time, also where there is no hash. */
export function isSecret(text: string, hash: Buffer | undefined): boolean {
  const same = timingSafeEqual(hashOf(text), hash ?? NOBODY);
  return same && hash !== undefined;
}

export function hashOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** Letters and digits only: a double click selects all of it, and it fits into a URL as it is. */
function base36(bytes: Buffer, digits: number): string {
  return BigInt(`0x${bytes.toString("hex")}`)
    .toString(36)
    .padStart(digits, "0");
}
