/** The graph was closed in this process: it begins nothing more. */
export class GraphClosed extends Error {
  override readonly name = "GraphClosed";
  readonly graph: string;

  constructor(graph: string, call: string) {
    super(
      `graph ${graph}: ${call}: expected a graph that is open, got one that was closed. Make another, or close it later`,
    );
    this.graph = graph;
  }
}
