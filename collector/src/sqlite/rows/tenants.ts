/** Tenants by number, and what is counted of each. */
import { BoundedMap } from "../../bounded-map.ts";
import type { Db } from "../file/open.ts";

const MOST_REMEMBERED = 30_000;

/** What a commit adds to the counts of a tenant. */
export interface TenantChange {
  flows: number;
  running: number;
  failed: number;
  lastAt: number;
}

export class Tenants {
  readonly #numbers = new BoundedMap<string, number>(MOST_REMEMBERED);
  readonly #names = new BoundedMap<number, string>(MOST_REMEMBERED);
  readonly #changes = new Map<number, TenantChange>();
  readonly #selectNumber;
  readonly #selectName;
  readonly #insert;
  readonly #update;

  constructor(db: Db) {
    this.#selectNumber = db.prepare<[string], number>("SELECT number FROM tenants WHERE tenant = ?").pluck();
    this.#selectName = db.prepare<[number], string>("SELECT tenant FROM tenants WHERE number = ?").pluck();
    this.#insert = db.prepare<[string]>("INSERT INTO tenants (tenant) VALUES (?)");
    this.#update = db.prepare(
      `UPDATE tenants SET flows = flows + ?, running = running + ?, failed = failed + ?, last_at = max(last_at, ?)
       WHERE number = ?`,
    );
  }

  find(tenant: string): number | undefined {
    const number = this.#numbers.get(tenant) ?? this.#selectNumber.get(tenant);
    if (number !== undefined) this.#numbers.set(tenant, number);
    return number;
  }

  /** To be called within a transaction. */
  keep(tenant: string): number {
    const known = this.find(tenant);
    if (known !== undefined) return known;
    const number = Number(this.#insert.run(tenant).lastInsertRowid);
    this.#numbers.set(tenant, number);
    return number;
  }

  nameOf(number: number): string {
    let name = this.#names.get(number);
    if (name === undefined) {
      name = this.#selectName.get(number) ?? "";
      this.#names.set(number, name);
    }
    return name;
  }

  /** Written with `save`, once for all flows of a commit. */
  count(tenant: number, change: TenantChange): void {
    const known = this.#changes.get(tenant);
    if (known === undefined) {
      this.#changes.set(tenant, change);
      return;
    }
    known.flows += change.flows;
    known.running += change.running;
    known.failed += change.failed;
    if (change.lastAt > known.lastAt) known.lastAt = change.lastAt;
  }

  save(): void {
    for (const [number, { flows, running, failed, lastAt }] of this.#changes) {
      this.#update.run(flows, running, failed, lastAt, number);
    }
    this.#changes.clear();
  }

  /** After a transaction that was rolled back: what is remembered may not be there. */
  forget(): void {
    this.#numbers.clear();
    this.#names.clear();
    this.#changes.clear();
  }
}
