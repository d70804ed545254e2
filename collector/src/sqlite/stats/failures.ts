/** Flows that failed, by the kind of their error, as it is counted: the newest of a kind is the example of it. */
import type { Micros } from "../../flow.ts";
import type { Db } from "../file/open.ts";
import { ALL_TENANTS } from "./parts.ts";
import { errorIn } from "./share.ts";

/** What is counted of a flow. */
export interface CountedFlow {
  startedAt: Micros;
  hasFailed: boolean;
  /** `null`: nothing is. */
  share: Uint8Array | null;
}

export const NOT_COUNTED: CountedFlow = { startedAt: 0, hasFailed: false, share: null };

export class Failures {
  readonly #put;
  readonly #drop;

  constructor(db: Db) {
    this.#put = db.prepare<[number, number, Micros, number]>(
      "INSERT OR IGNORE INTO failures (tenant, error, started_at, flow) VALUES (?, ?, ?, ?)",
    );
    this.#drop = db.prepare<[number, number, Micros, number]>(
      "DELETE FROM failures WHERE tenant = ? AND error = ? AND started_at = ? AND flow = ?",
    );
  }

  /** To be called within a transaction. */
  change(pk: number, tenant: number, before: CountedFlow, now: CountedFlow): void {
    if (!before.hasFailed && !now.hasFailed) return;
    const was = errorOf(before);
    const is = errorOf(now);
    if (was === is && before.startedAt === now.startedAt) return;
    for (const each of [tenant, ALL_TENANTS]) {
      if (was !== null) this.#drop.run(each, was, before.startedAt, pk);
      if (is !== null) this.#put.run(each, is, now.startedAt, pk);
    }
  }
}

function errorOf({ hasFailed, share }: CountedFlow): number | null {
  return hasFailed && share !== null ? errorIn(share) : null;
}
