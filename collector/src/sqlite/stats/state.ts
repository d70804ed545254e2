/** How far the statistics of a file have come. */
import type { Db } from "../file/open.ts";

interface StateRow {
  hour: number;
  closing: number;
  tenant: number;
  uncountedTo: number;
}

/** Hours that are added up to the cells of their days. */
export interface Closed {
  /** All hours before are. */
  hour: number;
  /** All hours before are, of the tenants below `tenant`. */
  closing: number;
  tenant: number;
  /** The hours before are, of this tenant. */
  hourOf(tenant: number): number;
}

export class StatsState {
  readonly #select;
  readonly #close;
  readonly #count;
  /** It only ever falls: while it is 0 there is nothing to look up. */
  #uncountedTo: number | undefined;

  constructor(db: Db) {
    this.#select = db.prepare<[], StateRow>(
      `SELECT closed_hour AS hour, closing_hour AS closing, closed_tenant AS tenant, uncounted_to AS uncountedTo
       FROM stats_state`,
    );
    this.#close = db.prepare("UPDATE stats_state SET closed_hour = ?, closing_hour = ?, closed_tenant = ?");
    this.#count = db.prepare("UPDATE stats_state SET uncounted_to = ?");
  }

  closed(): Closed {
    const { hour, closing, tenant } = this.#read();
    return { hour, closing, tenant, hourOf: (each) => (each < tenant ? closing : hour) };
  }

  close({ hour, closing, tenant }: Omit<Closed, "hourOf">): void {
    this.#close.run(hour, closing, tenant);
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
    return this.#select.get() ?? { hour: 0, closing: 0, tenant: 0, uncountedTo: 0 };
  }
}
