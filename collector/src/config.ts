/**
 * Flags and their environment variables: the only reader of either, besides `cli.ts` which hands them in.
 * Every flag `--some-flag` may be given as `WEIR_SOME_FLAG`; the flag wins.
 */
import { isLoopback } from "./host.ts";

/** What `weir serve` was asked for. */
export interface ServeConfig {
  host: string;
  /** 0 picks a free port. */
  port: number;
  /** File of the embedded store. */
  storePath: string;
  /** Serve without keys on a host that others can reach. */
  insecureOpen: boolean;
}

/** What `weir doctor` was asked for. */
export interface DoctorConfig {
  /** The collector; `undefined`: where the SDK's own settings say. */
  url: string | undefined;
  /** A Redis to prove a queue hop with. */
  redis: string | undefined;
}

/** The caller's mistake, in one line that says what was expected and what was got. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export type Env = Record<string, string | undefined>;

interface Flag<T> {
  fallback: T;
  /** Completes "expected …". */
  takes: string;
  /** `undefined` when the text is none of what it takes. */
  read(text: string): T | undefined;
}

const HOST: Flag<string> = {
  fallback: "127.0.0.1",
  takes: "a host name or an IP address",
  read: (text) => (/^[\w.:[\]%-]+$/.test(text) ? text.replace(/^\[(.*)\]$/, "$1") : undefined),
};

const PORT: Flag<number> = {
  fallback: 4318,
  takes: "a whole number from 0 to 65535",
  read: (text) => (/^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined),
};

const STORE: Flag<string> = {
  fallback: "./data/weir.db",
  takes: "sqlite:PATH, such as sqlite:./data/weir.db",
  read: (text) => (text.startsWith("sqlite:") && text.length > 7 ? text.slice(7) : undefined),
};

const INSECURE_OPEN: Flag<boolean> = {
  fallback: false,
  takes: "1 or 0",
  read: (text) => ({ "1": true, true: true, "0": false, false: false })[text],
};

const REDIS: Flag<string | undefined> = {
  fallback: undefined,
  takes: "an address such as redis://127.0.0.1:6379",
  read: (text) => (/^rediss?:$/.test(URL.parse(text)?.protocol ?? "") ? text : undefined),
};

/**
 * Reads the flags of `weir serve`.
 *
 * @throws {UsageError} for an unknown flag or a bad value.
 * @example readServeConfig(["--port", "0"], process.env)
 */
export function readServeConfig(args: readonly string[], env: Env): ServeConfig {
  const given = flagsIn(args, ["host", "port", "store", "insecure-open"], ["insecure-open"]);
  const config = {
    host: settingOf("host", HOST, given, env),
    port: settingOf("port", PORT, given, env),
    storePath: settingOf("store", STORE, given, env),
    insecureOpen: settingOf("insecure-open", INSECURE_OPEN, given, env),
  };
  if (!isLoopback(config.host) && !config.insecureOpen) {
    throw new UsageError(
      `--host ${config.host} can be reached by others and there are no keys yet: expected a loopback host such as ` +
        "127.0.0.1, or --insecure-open (WEIR_INSECURE_OPEN=1) to let everyone in",
    );
  }
  return config;
}

/**
 * Reads the address and the flags of `weir doctor`.
 *
 * @throws {UsageError} for an unknown flag or a bad value.
 * @example readDoctorConfig(["http://weir.internal:4318"], process.env)
 */
export function readDoctorConfig(args: readonly string[], env: Env): DoctorConfig {
  const words: string[] = [];
  const given = flagsIn(args, ["redis"], [], words);
  const [address, tooMuch] = words;
  if (tooMuch !== undefined) throw new UsageError(`doctor: expected one address, got ${show(tooMuch)} too`);
  if (address !== undefined && !/^https?:$/.test(URL.parse(address)?.protocol ?? "")) {
    throw new UsageError(`doctor: expected an address such as http://127.0.0.1:4318, got ${show(address)}`);
  }
  return { url: address, redis: settingOf("redis", REDIS, given, env) };
}

/** `--flag value` and `--flag=value`; the last one wins. Switches stand alone. What is no flag goes to `words`. */
function flagsIn(
  args: readonly string[],
  known: string[],
  switches: string[],
  words?: string[],
): Map<string, string> {
  const given = new Map<string, string>();
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    if (words !== undefined && !arg.startsWith("-")) {
      words.push(arg);
      continue;
    }
    const [, name, value] = /^--([a-z-]+)(?:=(.*))?$/s.exec(arg) ?? [];
    if (name === undefined || !known.includes(name)) {
      throw new UsageError(
        `expected one of ${known.map((flag) => `--${flag}`).join(", ")}, got ${show(arg)}`,
      );
    }
    if (value !== undefined) given.set(name, value);
    else if (switches.includes(name)) given.set(name, "1");
    else if (i + 1 < args.length) given.set(name, args[++i] as string);
    else throw new UsageError(`--${name}: expected a value, got nothing`);
  }
  return given;
}

function settingOf<T>(name: string, flag: Flag<T>, given: Map<string, string>, env: Env): T {
  const variable = `WEIR_${name.toUpperCase().replaceAll("-", "_")}`;
  const fromFlag = given.get(name);
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
