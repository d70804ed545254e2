/** The world outside the flows: what was done stays done, whatever becomes of the process that asked for it. */
import { setTimeout as sleep } from "node:timers/promises";
import { provide } from "@weir/sdk/durable";
import Database from "better-sqlite3";
import { WORLD } from "./places.ts";

const TABLES = `
  CREATE TABLE IF NOT EXISTS charges (
    key TEXT PRIMARY KEY, order_id TEXT NOT NULL, cents INTEGER NOT NULL,
    asked INTEGER NOT NULL DEFAULT 1, refunded INTEGER NOT NULL DEFAULT 0
  );
  CREATE TABLE IF NOT EXISTS reservations (
    key TEXT PRIMARY KEY, order_id TEXT NOT NULL, item TEXT NOT NULL, count INTEGER NOT NULL,
    freed INTEGER NOT NULL DEFAULT 0
  );
  CREATE TABLE IF NOT EXISTS parcels (key TEXT PRIMARY KEY, order_id TEXT NOT NULL, address TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS mails (order_id TEXT NOT NULL, text TEXT NOT NULL);
`;

/** `DEMO_SPEED=10` makes everything ten times as fast. */
const SPEED = Number(process.env["DEMO_SPEED"]) || 1;

export function openWorld(): Database.Database {
  const db = new Database(WORLD, { timeout: 10_000 });
  db.pragma("journal_mode = WAL");
  db.exec(TABLES);
  return db;
}

export const world = provide((ctl) => {
  const db = openWorld();
  ctl.cleanup(() => db.close());
  return db;
});

/** The way to another service, or back: half of the time that asking it takes. */
export async function travel(signal: AbortSignal): Promise<void> {
  await sleep((40 + Math.random() * 160) / SPEED, undefined, { signal });
}
