/** Records as Redis keeps them, and back. */
import type { Entry, NewEntry, RunRecord } from "../journal.ts";
import type { RunStatus } from "../status.ts";

/** @param row fields and values by turns, as `HGETALL` answers a script */
export function runFrom(row: readonly string[]): RunRecord {
  const fields = new Map<string, string>();
  for (let at = 0; at < row.length; at += 2) fields.set(row[at] as string, row[at + 1] as string);
  const text = (name: string) => fields.get(name) ?? "";
  const time = (name: string) => (fields.has(name) ? Number(fields.get(name)) : undefined);
  return {
    id: text("id"),
    tenant: text("tenant"),
    flow: { name: text("flow"), version: Number(text("version")) },
    inputDigest: text("digest"),
    input: text("input"),
    context: fields.get("context"),
    status: text("status") as RunStatus,
    attempt: Number(text("attempt")),
    token: Number(text("token")),
    owner: fields.get("owner"),
    dueAt: time("due"),
    cancelReason: fields.get("cancel"),
    value: fields.get("value"),
    createdAt: Number(text("created")),
    endedAt: time("ended"),
  };
}

type Meta = Pick<Entry, "path" | "attempt" | "kind" | "name" | "startedAt"> & { hasValue: boolean };

/** In one line, as JSON escapes what would end it. */
export function metaOf({ path, attempt, kind, name, startedAt }: NewEntry, hasValue: boolean): string {
  return JSON.stringify({ path, attempt, kind, name, startedAt, hasValue } satisfies Meta);
}

/** `status, number, ended at, the rest, value`, a line each; the value may have more lines. */
const LINES = /^(\w+)\n(\d+)\n([^\n]*)\n([^\n]*)\n(.*)$/s;

export function entryFrom(text: string): { seq: number; entry: Entry } {
  const [, status, seq, endedAt, meta, value] = LINES.exec(text) as unknown as string[];
  const { hasValue, ...rest } = JSON.parse(meta as string) as Meta;
  const entry: Entry = {
    ...rest,
    status: status as Entry["status"],
    value: hasValue ? (value as string) : undefined,
    endedAt: endedAt === "" ? undefined : Number(endedAt),
  };
  return { seq: Number(seq), entry };
}

/** A path holds no control characters. */
export function placeOf({ path, attempt }: NewEntry): string {
  return `${path}\n${attempt}`;
}
