/** What was folded elsewhere, for a store to keep. */
import type { FlowState, Gathered } from "../fold/index.ts";
import type { NumberedTexts } from "./rows/packer.ts";

/** Read when it is asked for: as bytes it takes less. */
export interface Folded {
  /** How many observations it is of. */
  observations: number;
  /** To be called once, with the texts of the store, by which it may tell names. */
  read(texts: NumberedTexts): FoldedParts;
}

export interface FoldedParts extends Pick<Gathered, "heard" | "links"> {
  /** Texts that whoever folded it met again, and that the store did not keep. */
  repeated: string[];
  flows: Iterable<FoldedFlow>;
}

export interface FoldedFlow {
  state: FlowState;
  /** The same as a row says it, where nothing else is known of the flow; `undefined` where the row is to be packed. */
  packed: Buffer | undefined;
}
