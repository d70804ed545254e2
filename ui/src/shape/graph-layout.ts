/** Where the nodes and edges of a graph are drawn, worked out by dagre. Pure, and slow for hundreds: see the worker. */
import { Graph, layout } from "@dagrejs/dagre";
import { type Direction, type GraphDefinition, type GraphLayout, NODE, type Point } from "./drawing.ts";

const LABEL = { width: 34, height: 18 } as const;
const MARGIN = 16;
/** The best placing takes seconds beyond this; a good one a part of that. */
const MANY = 150;

export function layOutGraph({ nodes, edges }: GraphDefinition, direction: Direction): GraphLayout {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({
    rankdir: direction,
    nodesep: 24,
    ranksep: 40,
    marginx: MARGIN,
    marginy: MARGIN,
    ranker: nodes.length > MANY ? "tight-tree" : "network-simplex",
  });
  // By number: dagre keeps names as keys of objects, where one such as `__proto__` is none.
  const numbers = new Map(nodes.map(({ id }, number) => [id, String(number)]));
  const ends = edges.map(({ source, target }, number) => ({
    v: numbers.get(source) ?? "",
    w: numbers.get(target) ?? "",
    name: String(number),
  }));
  for (const number of numbers.values()) graph.setNode(number, { ...NODE });
  for (const edge of ends) graph.setEdge(edge, { ...LABEL, labelpos: "c" });
  layout(graph);
  return {
    nodes: nodes.map(({ id }, number) => {
      const { x, y } = graph.node(String(number)) as Point;
      return { id, x: x - NODE.width / 2, y: y - NODE.height / 2 };
    }),
    edges: ends.map((edge, number) => {
      const { points, x, y } = graph.edge(edge) as Point & { points: Point[] };
      return { id: edges[number]?.id ?? "", points, label: { x, y } };
    }),
    width: graph.graph().width ?? 0,
    height: graph.graph().height ?? 0,
  };
}
