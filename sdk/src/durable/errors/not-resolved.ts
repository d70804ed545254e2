/** The value of an executor was read before there was one. */
export class NotResolved extends Error {
  override readonly name = "NotResolved";
  readonly executor: string;

  constructor(executor: string) {
    super(`get of "${executor}": expected a value, got none yet: await resolve() first`);
    this.executor = executor;
  }
}
