/** Checks that options share; each message says whose option it is, what was expected and what was got. */

/** Of routines, events and slots: their names are joined to `routine.slot` and `routine.event>routine.slot`. */
const NAME = /^[^.>\p{Cc}\p{Cs}]{1,100}$/u;

/** @throws {TypeError} */
export function checkName(what: string, name: unknown): asserts name is string {
  if (typeof name === "string" && NAME.test(name)) return;
  const got = typeof name === "string" ? JSON.stringify(name.slice(0, 120)) : typeof name;
  throw new TypeError(
    `${what}: expected a name of 1 to 100 characters without ".", ">" and control characters, got ${got}`,
  );
}

/** @throws {RangeError} */
export function checkNumber(
  what: string,
  option: string,
  got: unknown,
  expected: string,
  isGood: boolean,
): void {
  if (typeof got === "number" && isGood) return;
  throw new RangeError(`${what}: expected ${option} to be ${expected}, got ${String(got)}`);
}

/** @throws {RangeError} */
export function oneOf(what: string, option: string, got: unknown, known: readonly string[]): void {
  if (typeof got === "string" && known.includes(got)) return;
  throw new RangeError(`${what}: expected ${option} to be ${known.join(" or ")}, got ${String(got)}`);
}
