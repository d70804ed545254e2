/** How far the statistics of a file have come. */
import type { Db } from "../file/open.ts";

interface StateRow {
  day: number;
  tenant: number;
  uncountedTo: number;
}

/** Days that are added up, and are told by one cell each. */
export interface Closed {
  /** All days before; of this one the tenants below `tenant`. */
  day: number;
  tenant: number;
  has(day: number, tenant: number): boolean;
  /** The last of these days for a tenant. */
  lastOf(tenant: number): number;
}

export class StatsState {
  readonly #select;
  readonly #close;
  readonly #count;
  /** It only ever falls: while it is 0 there is nothing to look up. */
  #uncountedTo: number | undefined;

  constructor(db: Db) {
    this.#select = db.prepare<[], StateRow>(
      "SELECT closed_day AS day, closed_tenant AS tenant, uncounted_to AS uncountedTo FROM stats_state",
    );
    this.#close = db.prepare("UPDATE stats_state SET closed_day = ?, closed_tenant = ?");
    this.#count = db.prepare("UPDATE stats_state SET uncounted_to = ?");
  }

  closed(): Closed {
    const { day: closedDay, tenant: closedTenant } = this.#read();
    return {
      day: closedDay,
      tenant: closedTenant,
      has: (day, tenant) => day < closedDay || (day === closedDay && tenant < closedTenant),
      lastOf: (tenant) => (tenant < closedTenant ? closedDay : closedDay - 1),
    };
  }

  close(day: number, tenant: number): void {
    this.#close.run(day, tenant);
  }

  /** Flows up to this number are not counted yet; 0 where all are. As of this transaction. */
  uncountedTo(): number {
    if (this.#uncountedTo !== 0) this.#uncountedTo = this.#read().uncountedTo;
    return this.#uncountedTo;
  }

  counted(to: number): void {
    this.#count.run(to);
    this.#uncountedTo = undefined;
  }

  forget(): void {
    this.#uncountedTo = undefined;
  }

  #read(): StateRow {
    return this.#select.get() ?? { day: 0, tenant: 0, uncountedTo: 0 };
  }
}
