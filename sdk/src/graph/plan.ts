/** A graph as its jobs run it: made once for all jobs that begin before the graph changes again. */
import type { ErrorHandler } from "./error-handler.ts";
import type { Mapping } from "./mapping.ts";
import type { Routine } from "./routine.ts";
import type { SlotParts } from "./slot.ts";

export interface Plan {
  readonly name: string;
  readonly version: number;
  readonly nodes: ReadonlyMap<string, Node>;
  readonly edges: ReadonlyMap<string, Edge>;
  /** By `routine.slot`. */
  readonly slots: ReadonlyMap<string, SlotOfNode>;
  /** On the wire. One object for all jobs. */
  readonly definition: GraphDefinition;
}

export interface Node {
  readonly id: string;
  readonly routine: Routine;
  readonly errorHandler: ErrorHandler;
  readonly slots: ReadonlyMap<string, SlotOfNode>;
  /** By event; those that are connected to nothing have none. */
  readonly edges: ReadonlyMap<string, readonly Edge[]>;
}

export interface SlotOfNode {
  /** `routine.slot`; what a step is called by. */
  readonly key: string;
  readonly node: Node;
  readonly name: string;
  readonly parts: SlotParts;
  /** What leads to it, in the order in which it was connected. */
  readonly edges: readonly Edge[];
}

export interface Edge {
  /** `reader.output>writer.input` */
  readonly id: string;
  readonly source: string;
  readonly event: string;
  readonly target: SlotOfNode;
  readonly mapping: Mapping | undefined;
  readonly maxTurns: number | undefined;
}

/** A graph as plain data, such as a page draws. */
export interface GraphDefinition {
  readonly kind: "graph";
  readonly name: string;
  readonly nodes: readonly NodeDefinition[];
  readonly edges: readonly EdgeDefinition[];
}

/** A routine, as a job's flow carries it and the page draws it. */
export interface NodeDefinition {
  readonly id: string;
  readonly slots: readonly string[];
  readonly events: readonly string[];
  readonly optional?: true;
  readonly critical?: true;
}

/** A connection, as a job's flow carries it and the page draws it. */
export interface EdgeDefinition {
  readonly id: string;
  readonly source: string;
  readonly event: string;
  readonly target: string;
  readonly slot: string;
}
