/**
 * Flags and their environment variables: the only reader of either, besides `cli.ts` which hands them in.
 * Every flag `--some-flag` may be given as `WEIR_SOME_FLAG`; the flag wins.
 */

/** The caller's mistake, in one line that says what was expected and what was got. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export type Env = Readonly<Record<string, string | undefined>>;

/** One flag: what it takes, and what it is where nobody says. */
export interface Flag<T> {
  fallback: T;
  /** Completes "expected …". */
  takes: string;
  /** `undefined` when the text is none of what it takes. */
  read(text: string): T | undefined;
}

const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** @returns milliseconds; `undefined` for what is not such as `90s`, `10m`, `2h`, `1d`. */
export function readDuration(text: string): number | undefined {
  const [, number, unit = ""] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * (UNIT_MS[unit] as number);
}

interface GivenOptions {
  switches?: readonly string[];
  lists?: readonly string[];
  takesWords?: boolean;
}

/** What stood on the command line. */
export interface Given {
  flags: Map<string, string>;
  /** What is no flag, in its order. */
  words: string[];
}

export const SWITCH: Flag<boolean> = {
  fallback: false,
  takes: "1 or 0",
  read: (text) => ({ "1": true, true: true, "0": false, false: false })[text],
};

/** Where flows are kept: the same for every command that opens the store. */
export const STORE: Flag<string> = {
  fallback: "./data/weir.db",
  takes: "sqlite:PATH, such as sqlite:./data/weir.db",
  read: (text) => (text.startsWith("sqlite:") && text.length > 7 ? text.slice(7) : undefined),
};

/**
 * Takes the command line apart: `--flag value` and `--flag=value`; the last one wins, except in `lists`, where they
 * add up as `first,second`; `switches` stand alone. A lone `-` is a word.
 *
 * @throws {UsageError} for a flag that is not known, and for a word where `takesWords` is not set.
 * @example readGiven(["--port", "0"], ["port"]).flags.get("port") // "0"
 */
export function readGiven(
  args: readonly string[],
  known: readonly string[],
  { switches = [], lists = [], takesWords = false }: GivenOptions = {},
): Given {
  const flags = new Map<string, string>();
  const words: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    if (takesWords && (arg === "-" || !arg.startsWith("-"))) {
      words.push(arg);
      continue;
    }
    const [, name, value] = /^--([a-z-]+)(?:=(.*))?$/s.exec(arg) ?? [];
    if (name === undefined || !known.includes(name)) {
      const expected = known.map((flag) => `--${flag}`).join(", ") || "no flags";
      throw new UsageError(`expected one of ${expected}, got ${show(arg)}`);
    }
    const said = value ?? (switches.includes(name) ? "1" : args[++i]);
    if (said === undefined) throw new UsageError(`--${name}: expected a value, got nothing`);
    const before = lists.includes(name) ? flags.get(name) : undefined;
    flags.set(name, before === undefined ? said : `${before},${said}`);
  }
  return { flags, words };
}

/** @throws {UsageError} for a value that the flag does not take. */
export function settingOf<T>(name: string, flag: Flag<T>, given: Given, env: Env): T {
  const variable = `WEIR_${name.toUpperCase().replaceAll("-", "_")}`;
  const fromFlag = given.flags.get(name);
  // An empty variable is how compose files leave one out.
  const text = fromFlag ?? (env[variable] || undefined);
  if (text === undefined) return flag.fallback;
  const value = flag.read(text);
  if (value !== undefined) return value;
  const where = fromFlag === undefined ? variable : `--${name}`;
  throw new UsageError(`${where}: expected ${flag.takes}, got ${show(text)}`);
}

/** Quoted, on one line, whatever it holds. */
export function show(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}
