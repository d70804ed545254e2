/**
 * The collector's log: JSON, a line each, on stderr; in short form where a person reads along. Requests are logged by
 * their route, never by their URL: that may hold a secret. Bodies are never logged.
 */
import { type Logger, pino } from "pino";
import type { LogLevel } from "./log-level.ts";

/** `forPeople`: short lines with the local time instead of JSON. */
export function createLog(
  level: LogLevel,
  forPeople: boolean,
  out: { write(line: string): void } = process.stderr,
): Logger {
  const options = { level, base: null, formatters: { level: (label: string) => ({ level: label }) } };
  const write = (line: string) => out.write(forPeople ? shortLine(line) : line);
  return pino({ ...options, timestamp: pino.stdTimeFunctions.isoTime }, { write });
}

interface Entry {
  level: string;
  time: string;
  msg?: string;
  err?: { message?: string; stack?: string };
  [key: string]: unknown;
}

/** @example "10:02:11 warn   spans were sent back, to be sent again  unsaid=0\n" */
function shortLine(json: string): string {
  const { level, time, msg = "", err, requestId: _, ...rest } = JSON.parse(json) as Entry;
  const clock = new Date(time).toLocaleTimeString("en-GB");
  const facts = Object.entries(rest).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  // The stack where something is broken; else the message says it.
  const why = level === "error" ? err?.stack : err?.message;
  const words = [`${clock} ${level.padEnd(5)}  ${msg}${why === undefined ? "" : `: ${why}`}`, ...facts];
  return `${words.join("  ")}\n`;
}
