/**
 * The one channel on which Weir says that something is wrong. Rate-limited, and it harms nobody.
 */
import { types } from "node:util";
import type { DiagnosticCode } from "./diagnostic-codes.ts";

/**
 * What was wrong, what was expected and what was got.
 *
 * @example
 * setup({ onDiagnostic: ({ code, message }) => logger.warn({ code }, message) });
 */
export interface Diagnostic {
  /** Stable, for filters. */
  code: DiagnosticCode;
  message: string;
}

/** Hears diagnostics: each code, and subject of it, at most once a minute. What it throws harms nobody. */
export type DiagnosticHandler = (diagnostic: Diagnostic) => void;

const QUIET_MS = 60_000;
const MAX_REMEMBERED = 1000;

const lastSaid = new Map<string, number>();
let handler: DiagnosticHandler | undefined;

/** Where diagnostics go from now on; `undefined`: to `process.emitWarning`. What was said may be said again. */
export function onDiagnostic(next: DiagnosticHandler | undefined): void {
  handler = next;
  lastSaid.clear();
}

/**
 * Says that something is wrong, each code (and subject, where it has one) at most once a minute.
 *
 * @param subject what it is about, where one code has many: a host, an option
 * @example
 * diagnose("set-up-twice", "setup() was called again: the first call stays in force");
 */
export function diagnose(code: DiagnosticCode, message: string, subject = ""): void {
  const key = `${code} ${subject}`;
  const now = Date.now();
  const last = lastSaid.get(key);
  if (last !== undefined && now - last < QUIET_MS && now >= last) return;
  if (lastSaid.size >= MAX_REMEMBERED) lastSaid.clear();
  lastSaid.set(key, now);
  try {
    // One that is async may fail later; nobody handles that, and Node would end the process.
    const result: unknown = handler?.({ code, message });
    if (types.isPromise(result)) result.catch(() => {});
    if (handler === undefined) process.emitWarning(message, { type: "WeirWarning", code });
  } catch {
    // A handler that throws is the user's own affair; the code around us must not feel it.
  }
}

/** Says that Weir itself failed: a bug of ours, which the user's code must not feel. */
export function diagnoseInternal(where: string, error: unknown): void {
  let what = "an unprintable error";
  try {
    what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch {
    // Keep the default.
  }
  diagnose("internal", `${where} failed inside Weir, your code went on: ${what}`, where);
}
