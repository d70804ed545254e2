/** Lays graphs out beside the page: hundreds of nodes take a second, in which nobody should wait for a click. */
import type { Direction, GraphDefinition, GraphLayout } from "./drawing.ts";
import { layOutGraph } from "./graph-layout.ts";

export interface LayoutRequest {
  definition: GraphDefinition;
  direction: Direction;
}

/** `error`: it could not be laid out. */
export type LayoutAnswer = { layout: GraphLayout } | { error: string };

self.onmessage = ({ data }: MessageEvent<LayoutRequest>) => {
  let answer: LayoutAnswer;
  try {
    answer = { layout: layOutGraph(data.definition, data.direction) };
  } catch (error) {
    answer = { error: String(error) };
  }
  self.postMessage(answer);
};
