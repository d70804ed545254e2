/** Names of keys. What belongs together has one hash tag, so that a cluster keeps it in one slot. */
import { flowKey } from "../checks.ts";
import type { FlowVersion } from "../journal.ts";

export class Keys {
  readonly #prefix: string;
  readonly version: string;
  readonly ended: string;
  /** A channel of publish and subscribe. */
  readonly news: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.version = `${prefix}version`;
    this.ended = `${prefix}ended`;
    this.news = `${prefix}news`;
  }

  run(id: string): { run: string; entries: string; mail: string; ids: string } {
    const tag = `${this.#prefix}{${tagged(id)}}`;
    return { run: tag, entries: `${tag}:entries`, mail: `${tag}:mail`, ids: `${tag}:ids` };
  }

  /** The index of a flow: never begun, begun, named but not found. */
  index(flow: FlowVersion): [fresh: string, due: string, missing: string] {
    const tag = `${this.#prefix}flow:{${tagged(flowKey(flow))}}`;
    return [`${tag}:new`, `${tag}:due`, `${tag}:missing`];
  }
}

/** A brace in it would end the hash tag; an empty one would be none. */
function tagged(text: string): string {
  return encodeURIComponent(text);
}
