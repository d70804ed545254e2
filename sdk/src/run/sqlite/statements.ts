/** The statements, prepared once. Each can be pasted into a shell. */
import type { Entry, RunRecord } from "../journal.ts";
import type { RunStatus } from "../status.ts";
import type { Db } from "./open.ts";

export interface RunRow {
  pk: number;
  id: string;
  tenant: string;
  flow: string;
  version: number;
  input_digest: string;
  input: string;
  context: string | null;
  status: RunStatus;
  attempt: number;
  token: number;
  owner: string | null;
  due_at: number | null;
  waits_for: string | null;
  cancel_reason: string | null;
  value: string | null;
  created_at: number;
  ended_at: number | null;
}

/** What a write must know of its run. */
export type HeldRow = Pick<RunRow, "pk" | "status" | "token" | "owner" | "cancel_reason">;

export interface EntryRow {
  path: string;
  attempt: number;
  kind: Entry["kind"];
  name: string;
  status: Entry["status"];
  value: string | null;
  started_at: number;
  ended_at: number | null;
}

export type Statements = ReturnType<typeof prepareAll>;

/** What is used of a prepared statement: published types can't name the driver's. */
interface Statement<P extends unknown[], R> {
  run(...values: P): { changes: number };
  get(...values: P): R | undefined;
  all(...values: P): R[];
}

export function prepareAll(db: Db) {
  const prepare = <P extends unknown[], R = unknown>(sql: string): Statement<P, R> => db.prepare<P, R>(sql);
  /** Of rows of one column: that column. */
  const pluck = <P extends unknown[], R>(sql: string): Statement<P, R> => db.prepare<P, R>(sql).pluck();
  return {
    run: prepare<[string], RunRow>("SELECT * FROM weir_runs WHERE id = ?"),
    held: prepare<[string], HeldRow>(
      "SELECT pk, status, token, owner, cancel_reason FROM weir_runs WHERE id = ?",
    ),
    addRun: prepare<unknown[]>(`
      INSERT INTO weir_runs (id, tenant, flow, version, input_digest, input, context, status, attempt, token, due_at, created_at)
      VALUES (@id, @tenant, @flow, @version, @inputDigest, @input, @context, 'running', 1, 0, @dueAt, @now)`),
    claim: prepare<[string, number, number]>(`
      UPDATE weir_runs SET status = 'running', owner = ?, token = token + 1, due_at = ?, waits_for = NULL WHERE pk = ?`),
    due: prepare<[string, number, number, number, number], RunRow>(`
      SELECT * FROM weir_runs
      WHERE flow = ? AND version = ? AND due_at <= ? AND token >= ?
      ORDER BY due_at LIMIT ?`),
    nextDue: pluck<[string, number, number], number>(`
      SELECT due_at FROM weir_runs
      WHERE flow = ? AND version = ? AND due_at IS NOT NULL AND token >= ?
      ORDER BY due_at LIMIT 1`),
    renew: prepare<[number, number]>("UPDATE weir_runs SET due_at = ? WHERE pk = ?"),
    attempt: prepare<[number, number]>("UPDATE weir_runs SET attempt = ? WHERE pk = ?"),
    park: prepare<unknown[]>(`
      UPDATE weir_runs SET owner = NULL, status = @status, due_at = @dueAt, waits_for = @waitsFor,
        attempt = coalesce(@attempt, attempt)
      WHERE pk = @pk`),
    end: prepare<unknown[]>(`
      UPDATE weir_runs SET owner = NULL, status = @status, due_at = NULL, value = @value, ended_at = @now
      WHERE pk = @pk`),
    dropMail: prepare<[number]>("UPDATE weir_messages SET value = NULL WHERE run = ? AND value IS NOT NULL"),
    entry: prepare<[number, string, number], EntryRow>(
      "SELECT * FROM weir_entries WHERE run = ? AND path = ? AND attempt = ?",
    ),
    entries: prepare<[string], EntryRow>(`
      SELECT e.* FROM weir_entries e JOIN weir_runs r ON r.pk = e.run WHERE r.id = ? ORDER BY e.seq`),
    putEntry: prepare<unknown[]>(`
      INSERT INTO weir_entries (run, path, attempt, kind, name, status, value, started_at, ended_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (run, path, attempt) DO UPDATE SET
        kind = excluded.kind, name = excluded.name, status = excluded.status, value = excluded.value,
        started_at = excluded.started_at, ended_at = excluded.ended_at
      WHERE status <> 'succeeded'`),
    addMessage: prepare<[number, string, string, string]>(`
      INSERT INTO weir_messages (run, id, name, value) VALUES (?, ?, ?, ?) ON CONFLICT (run, id) DO NOTHING`),
    knowsMessage: prepare<[number, string]>("SELECT 1 FROM weir_messages WHERE run = ? AND id = ?"),
    firstMessage: prepare<[number, string], { seq: number; value: string }>(`
      SELECT seq, value FROM weir_messages WHERE run = ? AND name = ? AND value IS NOT NULL ORDER BY seq LIMIT 1`),
    takeMessage: prepare<[number]>("UPDATE weir_messages SET value = NULL WHERE seq = ?"),
    wake: prepare<[number, number]>("UPDATE weir_runs SET due_at = ?, waits_for = NULL WHERE pk = ?"),
    cancel: prepare<[string, number]>(
      "UPDATE weir_runs SET cancel_reason = coalesce(cancel_reason, ?) WHERE pk = ?",
    ),
    prune: prepare<[number, number]>(`
      DELETE FROM weir_runs WHERE pk IN (
        SELECT pk FROM weir_runs WHERE ended_at < ? ORDER BY ended_at LIMIT ?)`),
    nextNews: pluck<[], number>("UPDATE weir_journal SET news = news + 1 RETURNING news"),
    setNews: prepare<[number, number]>("UPDATE weir_runs SET news = ? WHERE pk = ?"),
    lastNews: pluck<[], number>("SELECT news FROM weir_journal"),
    newsAfter: prepare<[number], { id: string; news: number }>(
      "SELECT id, news FROM weir_runs WHERE news > ? ORDER BY news LIMIT 1000",
    ),
  };
}

export function runFrom(row: RunRow): RunRecord {
  return {
    id: row.id,
    tenant: row.tenant,
    flow: { name: row.flow, version: row.version },
    inputDigest: row.input_digest,
    input: row.input,
    context: row.context ?? undefined,
    status: row.status,
    attempt: row.attempt,
    token: row.token,
    owner: row.owner ?? undefined,
    dueAt: row.due_at ?? undefined,
    cancelReason: row.cancel_reason ?? undefined,
    value: row.value ?? undefined,
    createdAt: row.created_at,
    endedAt: row.ended_at ?? undefined,
  };
}

export function entryFrom(row: EntryRow): Entry {
  return {
    path: row.path,
    attempt: row.attempt,
    kind: row.kind,
    name: row.name,
    status: row.status,
    value: row.value ?? undefined,
    startedAt: row.started_at,
    endedAt: row.ended_at ?? undefined,
  };
}
