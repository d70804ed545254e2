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

/** A whole number from 1. @throws {RangeError} */
export function checkCount(
  what: string,
  option: string,
  got: unknown,
  expected = "a whole number from 1",
): void {
  checkNumber(what, option, got, expected, Number.isSafeInteger(got) && (got as number) >= 1);
}

/** How many at once: any number, too. @throws {RangeError} */
export function checkConcurrent(what: string, concurrent: unknown): void {
  if (concurrent !== Number.POSITIVE_INFINITY) checkCount(what, "concurrent", concurrent);
}

/** Ids and the like. @throws {TypeError} */
export function checkText(what: string, option: string, got: unknown): void {
  if (typeof got === "string" && got !== "" && got.length <= 256) return;
  const shown = typeof got === "string" ? `one of ${got.length}` : typeof got;
  throw new TypeError(`${what}: expected ${option} to be text of 1 to 256 characters, got ${shown}`);
}

/** @throws {RangeError} */
export function oneOf(what: string, option: string, got: unknown, known: readonly string[]): void {
  if (typeof got === "string" && known.includes(got)) return;
  throw new RangeError(`${what}: expected ${option} to be ${known.join(" or ")}, got ${String(got)}`);
}
