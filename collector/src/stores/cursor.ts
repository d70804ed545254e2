/** Cursors: where a page ended, as opaque text. */
import { WeirError } from "../errors.ts";

export function encodeCursor(place: (string | number)[]): string {
  return Buffer.from(JSON.stringify(place)).toString("base64url");
}

/**
 * @param kinds the types of the place's parts.
 * @throws {WeirError} `invalid_argument` where the text is no cursor of this list.
 */
export function decodeCursor(cursor: string, kinds: ("string" | "number")[]): (string | number)[] {
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    if (
      Array.isArray(place) &&
      place.length === kinds.length &&
      place.every((part, at) => typeof part === kinds[at]) &&
      place.every((part) => typeof part !== "number" || Number.isSafeInteger(part))
    ) {
      return place;
    }
  } catch {
    // Said below, as for any other text that is no cursor.
  }
  throw new WeirError("invalid_argument", "cursor: expected what an earlier page of this list gave");
}
