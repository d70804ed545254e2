/** Tasks of `parallel` or `race` failed. What the others came to is kept. */
export class TasksFailed extends AggregateError {
  override readonly name = "TasksFailed";
  /** In the order of the tasks; `undefined` where one had not ended. */
  readonly results: readonly (PromiseSettledResult<unknown> | undefined)[];

  constructor(what: string, results: readonly (PromiseSettledResult<unknown> | undefined)[], cause: unknown) {
    const errors = results.flatMap((each) => (each?.status === "rejected" ? [each.reason as unknown] : []));
    const words = cause instanceof Error ? cause.message : String(cause);
    super(errors, `${what}: ${errors.length} of ${results.length} tasks failed: ${words}`, { cause });
    this.results = results;
  }
}
