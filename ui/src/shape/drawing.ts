/** A graph as it is drawn. Without what works it out: that is large, and runs beside the page. */
import type { Definition } from "@weir/collector/schemas";

export type GraphDefinition = Extract<Definition, { kind: "graph" }>;

export interface Point {
  x: number;
  y: number;
}

export interface PlacedNode extends Point {
  id: string;
}

export interface PlacedEdge {
  id: string;
  points: Point[];
  /** Where its count stands. */
  label: Point;
}

/** Pixels; `x` and `y` of a node are its upper left corner. */
export interface GraphLayout {
  nodes: PlacedNode[];
  edges: PlacedEdge[];
  width: number;
  height: number;
}

/** To the right where there is room, else down. */
export type Direction = "LR" | "TB";

export const NODE = { width: 196, height: 56 } as const;

/** A line through all points, round at each but the first and the last: data of an SVG path. */
export function pathThrough(points: readonly Point[]): string {
  const [first, ...rest] = points;
  const last = rest.at(-1);
  if (first === undefined || last === undefined) return "";
  let path = `M${at(first)}`;
  for (let index = 0; index < rest.length - 1; index++) {
    const corner = rest[index] as Point;
    const next = rest[index + 1] as Point;
    const isLast = index === rest.length - 2;
    path += `Q${at(corner)} ${at(isLast ? next : between(corner, next))}`;
  }
  return rest.length === 1 ? `${path}L${at(last)}` : path;
}

function between(a: Point, b: Point): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

function at({ x, y }: Point): string {
  return `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`;
}
