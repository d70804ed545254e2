/** Makes a store's file one of an earlier version, with all that is in it. */
import type { Database } from "better-sqlite3";
import { Cell, packCell, unpackCell } from "../src/sqlite/stats/cell.ts";

/** By the number of the migration: what takes it back. */
const BACK: Record<number, string | ((db: Database) => void)> = {
  20: `
    DROP TRIGGER error_flows_put;
    DROP TRIGGER error_flows_dropped;
    ALTER TABLE error_texts DROP COLUMN flows;`,
  19: wholeDaysOnly,
  18: `
    CREATE TABLE error_flows_before (
      error INTEGER NOT NULL, started_at INTEGER NOT NULL, flow INTEGER NOT NULL, PRIMARY KEY (error, started_at, flow)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO error_flows_before SELECT error, started_at, flow FROM error_flows;
    DROP TABLE error_flows;
    ALTER TABLE error_flows_before RENAME TO error_flows;`,
  17: "DROP INDEX flows_failed_by_tenant; DROP INDEX flows_failed_by_shape;",
  16: "DROP TABLE failures;",
  15: "DELETE FROM stats_days WHERE at < 0 OR kind > 3;",
  14: "DROP INDEX flows_open; CREATE INDEX flows_open ON flows (started_at) WHERE duration_us IS NULL;",
  13: daysInOneCell,
  12: `
    DROP TABLE label_shapes;
    ALTER TABLE shapes DROP COLUMN flows;
    ALTER TABLE loose_names DROP COLUMN flows;
    ALTER TABLE blocks DROP COLUMN last_started;
    DROP TABLE name_blocks;
    CREATE TABLE name_blocks (
      name INTEGER NOT NULL, block INTEGER NOT NULL, longest INTEGER NOT NULL, shortest INTEGER NOT NULL,
      PRIMARY KEY (name, block)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX name_blocks_by_longest ON name_blocks (name, longest);
    CREATE INDEX name_blocks_by_shortest ON name_blocks (name, shortest);
    INSERT INTO name_blocks
      SELECT name, pk / 128, max(duration_us), min(duration_us) FROM flows WHERE duration_us IS NOT NULL GROUP BY 1, 2;`,
  11: `
    DROP INDEX flows_by_tenant_shape;
    DROP INDEX flows_by_tenant;
    CREATE INDEX flows_by_start ON flows (started_at);
    CREATE INDEX flows_by_tenant ON flows (tenant, started_at, name, status, duration_us, shape, active_us);`,
};

/** Takes back the migrations from this number on. There is none of number 6. */
export function takeBackTo(db: Database, number: number): void {
  for (const [each, back] of Object.entries(BACK).reverse()) {
    if (Number(each) < number) continue;
    if (typeof back === "string") db.exec(back);
    else back(db);
  }
  db.pragma(`user_version = ${number - 2}`);
}

/** A day of which hours were closed was added up to nothing yet. */
function wholeDaysOnly(db: Database): void {
  const state = db.prepare("SELECT closed_hour AS hour, closed_tenant AS tenant FROM stats_state").get();
  const { hour, tenant } = state as { hour: number; tenant: number };
  if (tenant !== 0)
    throw new Error(`expected hours that are closed for all, got some up to tenant ${tenant}`);
  const day = Math.floor(hour / 24);
  db.prepare("DELETE FROM stats_days WHERE kind = 5 OR at < 0 OR at >= ?").run(day);
  const sums = new Map<string, { key: number[]; cell: Cell }>();
  for (const [kind, of, _, name, cell] of rowsOfDays(db, "kind < 4")) addTo(sums, [kind, of, -1, name], cell);
  const insert = db.prepare("INSERT INTO stats_days (kind, tenant, at, name, cell) VALUES (?, ?, ?, ?, ?)");
  for (const { key, cell } of sums.values()) insert.run(...key, packCell(cell));
  db.exec(`ALTER TABLE stats_state ADD COLUMN closed_day INTEGER NOT NULL DEFAULT 0;
    UPDATE stats_state SET closed_day = ${day};
    ALTER TABLE stats_state DROP COLUMN closed_hour;
    ALTER TABLE stats_state DROP COLUMN closing_hour;`);
}

type DayRow = [kind: number, tenant: number, at: number, name: number, cell: Buffer];

function rowsOfDays(db: Database, condition: string): DayRow[] {
  const sql = `SELECT kind, tenant, at, name, cell FROM stats_days WHERE ${condition}`;
  return db.prepare(sql).raw().all() as DayRow[];
}

function addTo(sums: Map<string, { key: number[]; cell: Cell }>, key: number[], cell: Buffer): void {
  const sum = sums.get(key.join()) ?? { key, cell: new Cell() };
  sums.set(key.join(), sum);
  unpackCell(cell, sum.cell);
}

function daysInOneCell(db: Database): void {
  const days = new Map<string, { key: number[]; cell: Cell }>();
  for (const [, tenant, at, name, cell] of rowsOfDays(db, "true")) addTo(days, [at, tenant, name], cell);
  db.exec(`DROP TABLE stats_days;
    CREATE TABLE stats_days (
      at INTEGER NOT NULL, tenant INTEGER NOT NULL, name INTEGER NOT NULL, cell BLOB NOT NULL,
      PRIMARY KEY (at, tenant, name)
    ) STRICT, WITHOUT ROWID;`);
  const insert = db.prepare("INSERT INTO stats_days VALUES (?, ?, ?, ?)");
  for (const { key, cell } of days.values()) insert.run(...key, packCell(cell));
}
