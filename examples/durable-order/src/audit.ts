/** The audit: what the world outside says was done for each order, beside what should have been. */
import type { Journal } from "@weir/sdk/durable";
import type { PlacedOrder } from "./orders.ts";
import { openWorld } from "./world.ts";

export interface Audit {
  succeeded: number;
  failed: number;
  charges: number;
  refunds: number;
  /** How often the bank was asked for a charge that it had made already. */
  askedAgain: number;
  /** Mails above one an order: a mail server takes no keys. */
  mailsAgain: number;
  /** Empty where all is as it should be. */
  wrong: string[];
}

export async function audit(journal: Journal, placed: readonly PlacedOrder[]): Promise<Audit> {
  const db = openWorld();
  const ask = (sql: string, ...values: string[]) =>
    db
      .prepare<string[], number>(sql)
      .pluck()
      .get(...values) ?? 0;
  const wrong: string[] = [];
  const ended = { succeeded: 0, failed: 0 };
  for (const { id, failsAt } of placed) {
    const status = (await journal.read(id))?.status;
    if (status === "succeeded" || status === "failed") ended[status] += 1;
    const all = failsAt === undefined;
    const charged = all || failsAt === "reserve" || failsAt === "ship";
    const reserved = all || failsAt === "ship";
    const checks: [what: string, expected: unknown, got: unknown][] = [
      ["status", all ? "succeeded" : "failed", status],
      ["charges", charged ? 1 : 0, ask("SELECT count(*) FROM charges WHERE order_id = ?", id)],
      ["refunds", charged && !all ? 1 : 0, ask("SELECT sum(refunded) FROM charges WHERE order_id = ?", id)],
      ["reservations", reserved ? 1 : 0, ask("SELECT count(*) FROM reservations WHERE order_id = ?", id)],
      ["freed", reserved && !all ? 1 : 0, ask("SELECT sum(freed) FROM reservations WHERE order_id = ?", id)],
      ["parcels", all ? 1 : 0, ask("SELECT count(*) FROM parcels WHERE order_id = ?", id)],
    ];
    for (const [what, expected, got] of checks)
      if (expected !== got) wrong.push(`${id}: ${what}: expected ${expected}, got ${got}`);
  }
  const found = {
    ...ended,
    charges: ask("SELECT count(*) FROM charges"),
    refunds: ask("SELECT sum(refunded) FROM charges"),
    askedAgain: ask("SELECT sum(asked - 1) FROM charges"),
    mailsAgain: ask("SELECT count(*) - count(DISTINCT order_id) FROM mails"),
    wrong,
  };
  db.close();
  return found;
}
