/** Something was asked of a scope that has been disposed of, or was still being made when it was. */
export class ScopeDisposed extends Error {
  override readonly name = "ScopeDisposed";
  /** What was asked for: `resolve of "database"`. */
  readonly asked: string;

  constructor(asked: string) {
    super(`${asked}: expected an open scope, got one that was disposed of; make a new one with createScope`);
    this.asked = asked;
  }
}
