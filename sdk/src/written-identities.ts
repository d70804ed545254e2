/**
 * Whose a span is, as it was last written: the spans of a flow all say it, so it is copied from the one before. Kept
 * for a bounded number of flows, in one block of bytes that is made once: nothing here is for the garbage collector.
 */
import type { PageWriter } from "./page-writer.ts";

/** A power of two. Where more flows are open, they take each other's places, and are written anew. */
const PLACES = 256;
/** What is longer is written each time. */
const PLACE_BYTES = 320;

interface Place {
  id: string;
  name: string;
  tenant: string;
  length: number;
}

export class WrittenIdentities {
  readonly #block = Buffer.allocUnsafeSlow(PLACES * PLACE_BYTES);
  readonly #places = Array.from(
    { length: PLACES },
    (): Place => ({ id: "", name: "", tenant: "", length: 0 }),
  );

  /** @returns whether it was here, and is written */
  copy(id: string, name: string, tenant: string, out: PageWriter): boolean {
    const at = placeOf(id);
    const place = this.#places[at] as Place;
    if (place.id !== id || place.name !== name || place.tenant !== tenant) return false;
    out.copyOf(this.#block, at * PLACE_BYTES, at * PLACE_BYTES + place.length);
    return true;
  }

  /** Keeps what has been written since the piece had `before` bytes. */
  keep(id: string, name: string, tenant: string, out: PageWriter, before: number): void {
    const length = out.length - before;
    if (length > PLACE_BYTES) return;
    const at = placeOf(id);
    out.copyTo(this.#block, at * PLACE_BYTES, before);
    const place = this.#places[at] as Place;
    place.id = id;
    place.name = name;
    place.tenant = tenant;
    place.length = length;
  }
}

/** By their ends: there ids are random, or counted. */
function placeOf(id: string): number {
  const { length } = id;
  const code = id.charCodeAt(length - 1) + 31 * id.charCodeAt(length - 2) + 7 * id.charCodeAt(length - 3);
  return code & (PLACES - 1);
}
