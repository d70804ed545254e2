/** A graph that can't be run as it is, or a call that names what it does not have. Nothing was changed. */
export class GraphInvalid extends Error {
  override readonly name = "GraphInvalid";
  readonly graph: string;
  /** Each says what was expected, what was got and how to mend it. */
  readonly problems: readonly string[];

  constructor(graph: string, problems: readonly string[]) {
    super(`graph ${graph}: ${problems.join("; ")}`);
    this.graph = graph;
    this.problems = problems;
  }
}
