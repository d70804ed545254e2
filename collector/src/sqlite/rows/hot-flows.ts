/** Flows that will hear more, kept so that their next span needs no read. Bounded by what they take in memory. */
import { type FlowKey, keyText } from "../../flow.ts";
import type { FlowInHand } from "./flow-rows.ts";

/** Some thousands of open flows. Of more, those that heard nothing for longest are read again. */
const MOST_BYTES = 32 * 1024 * 1024;
/** A flow, step or event as objects, besides its texts, which take about what they take when packed. */
const OBJECTS_BYTES = 1024;

interface Kept {
  flow: FlowInHand;
  definition: string | null;
  bytes: number;
}

export class HotFlows {
  readonly #most: number;
  readonly #flows = new Map<string, Kept>();
  /** Definitions, and how many flows share each: it is in memory once. */
  readonly #definitions = new Map<string, number>();
  #bytes = 0;

  /** @param most bytes, about */
  constructor(most = MOST_BYTES) {
    this.#most = most;
  }

  get(name: string): FlowInHand | undefined {
    return this.#flows.get(name)?.flow;
  }

  /**
   * The flow becomes the most recent; the least recent make room. One that has ended is let go: hardly anything comes
   * after it, and most flows end in the batch that they begin in. Unless it is large, and so dear to read again.
   *
   * @param name its key as text
   */
  keep(name: string, flow: FlowInHand, open: boolean): void {
    this.#drop(name);
    if (!open && !flow.large) return;
    const { state, definition, packed } = flow;
    const bytes = packed + (1 + state.steps.size + state.events.size) * OBJECTS_BYTES;
    this.#flows.set(name, { flow, definition, bytes });
    this.#bytes += bytes;
    if (definition !== null) this.#share(definition, 1);
    for (const oldest of this.#flows.keys()) {
      // The most recent stays, however large.
      if (this.#bytes <= this.#most || oldest === name) return;
      this.#drop(oldest);
    }
  }

  drop(key: FlowKey): void {
    this.#drop(keyText(key));
  }

  clear(): void {
    this.#flows.clear();
    this.#definitions.clear();
    this.#bytes = 0;
  }

  #drop(name: string): void {
    const known = this.#flows.get(name);
    if (known === undefined) return;
    this.#flows.delete(name);
    this.#bytes -= known.bytes;
    if (known.definition !== null) this.#share(known.definition, -1);
  }

  #share(definition: string, change: 1 | -1): void {
    const before = this.#definitions.get(definition) ?? 0;
    const now = before + change;
    if (now === 0) this.#definitions.delete(definition);
    else this.#definitions.set(definition, now);
    if (before === 0) this.#bytes += definition.length;
    else if (now === 0) this.#bytes -= definition.length;
  }
}
