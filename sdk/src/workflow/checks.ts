/** What the primitives ask of what they are given. */

/** @throws {TypeError} */
export function checkFunction(what: string, fn: unknown): void {
  if (typeof fn === "function") return;
  throw new TypeError(`${what}: expected a function, got ${fn === null ? "null" : typeof fn}`);
}

/** @throws {RangeError} */
export function checkMs(what: string, ms: unknown): void {
  if (typeof ms === "number" && ms >= 0 && Number.isFinite(ms)) return;
  throw new RangeError(`${what}: expected milliseconds from 0, got ${String(ms)}`);
}

/** @throws {RangeError} */
export function checkConcurrency(what: string, concurrency: unknown): void {
  if (concurrency === undefined || concurrency === Number.POSITIVE_INFINITY) return;
  if (Number.isSafeInteger(concurrency) && (concurrency as number) >= 1) return;
  throw new RangeError(
    `${what}: expected concurrency to be a whole number from 1, got ${String(concurrency)}`,
  );
}

/** @throws {TypeError} */
export function checkKey(what: string, key: unknown): void {
  if (typeof key === "string" && key !== "" && key !== "__proto__") return;
  throw new TypeError(
    `${what}: expected a key of the state, got ${typeof key === "string" ? `"${key}"` : typeof key}`,
  );
}

/** @throws {TypeError} the answer is a promise, which is always true */
export function truth(answer: unknown, what: string): boolean {
  if (
    typeof answer === "object" &&
    answer !== null &&
    typeof (answer as { then?: unknown }).then === "function"
  )
    throw new TypeError(
      `${what}: expected an answer at once, got a promise: ask in a run() and keep it in the state`,
    );
  return Boolean(answer);
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}
