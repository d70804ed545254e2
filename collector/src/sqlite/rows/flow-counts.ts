/** How many flows have which status: changes are added up in memory and written once a commit. */
import type { Status } from "../../flow.ts";
import type { Db } from "../file/open.ts";
import { statusCode, statusOf } from "./status.ts";

export class FlowCounts {
  readonly #changes = new Map<Status, number>();
  readonly #add;
  readonly #select;

  constructor(db: Db) {
    this.#add = db.prepare<[number, number]>(
      "INSERT INTO flow_counts (status, flows) VALUES (?, ?) ON CONFLICT DO UPDATE SET flows = flows + excluded.flows",
    );
    this.#select = db.prepare<[], { status: number; flows: number }>("SELECT status, flows FROM flow_counts");
  }

  /** `before` is `undefined` for a flow that is new. */
  changed(before: Status | undefined, after: Status): void {
    if (before === after) return;
    if (before !== undefined) this.#changes.set(before, (this.#changes.get(before) ?? 0) - 1);
    this.#changes.set(after, (this.#changes.get(after) ?? 0) + 1);
  }

  /** To be called within the transaction that wrote the flows. */
  save(): void {
    for (const [status, change] of this.#changes) if (change !== 0) this.#add.run(statusCode(status), change);
    this.#changes.clear();
  }

  /** The transaction was rolled back. */
  forget(): void {
    this.#changes.clear();
  }

  read(): Record<Status, number> {
    const flows = { running: 0, paused: 0, succeeded: 0, failed: 0, cancelled: 0 };
    for (const row of this.#select.iterate()) flows[statusOf(row.status)] = row.flows;
    return flows;
  }
}
