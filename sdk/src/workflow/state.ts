/** The state of a run is an object; each part sees what is there under its keys. */

export type State = object;

/** @throws {TypeError} */
export function checkState(next: unknown, what: string): State {
  if (typeof next === "object" && next !== null && typeof (next as { then?: unknown }).then !== "function")
    return next;
  const got = next === null ? "null" : typeof next === "object" ? "a promise" : typeof next;
  throw new TypeError(
    `${what}: expected a state, which is an object, got ${got}: return one such as { ...state, dirty: true }`,
  );
}

/** What is there under these keys. */
export function lookup(state: unknown, focus: readonly string[]): unknown {
  let at = state;
  for (const key of focus) at = (at as Record<string, unknown> | undefined)?.[key];
  return at;
}

/** The state with another one under these keys; what is beside them stays the same. */
export function replaced(state: State, focus: readonly string[], next: unknown): State {
  const above: Record<string, unknown>[] = [];
  let at: unknown = state;
  for (const key of focus) {
    above.push((at ?? {}) as Record<string, unknown>);
    at = above.at(-1)?.[key];
  }
  let made = next;
  for (const key of focus.toReversed()) made = { ...above.pop(), [key]: made };
  return made as State;
}
