/**
 * Cells of days, as far as their hours have passed. Each kind of what is counted has cells of its own, by customer, day and name.
 * Beside them stand sums of these, which few rows tell: of all those days, and, of how flows stand, of all names of a day, with
 * and without what they took.
 */
import { valueIn } from "../../value-in.ts";
import type { Db } from "../file/open.ts";
import { Cell, FLOWS_OF_ALL_NAMES, kindOfCell, packCell, STATUSES_OF_ALL_NAMES, unpackCell } from "./cell.ts";

/** The day of the cells that sum up all days, and the name of those that sum up all names. On people's disks. */
export const ALL_DAYS = -1;
const ALL_NAMES = 0;

/** What is added to a cell. */
export interface Change {
  tenant: number;
  name: number;
  cell: Cell;
}

interface Place {
  kind: number;
  tenant: number;
  at: number;
  name: number;
}

/** Adds to days and to their sums: each cell that is added to is read and written once, with `save`. */
export class DayCells {
  readonly #changes = new Map<string, { place: Place; cell: Cell }>();
  readonly #add: (cell: Cell, ...key: number[]) => void;

  constructor(db: Db) {
    this.#add = adderTo(db, "stats_days", ["kind", "tenant", "at", "name"]);
  }

  add(day: number, { tenant, name, cell }: Change): void {
    for (const [want, part] of cell.byWant()) {
      const kind = kindOfCell(want);
      this.#change({ kind, tenant, at: day, name }, part);
      this.#change({ kind, tenant, at: ALL_DAYS, name }, part);
      if (want === "flows") {
        const ofAllNames = { tenant, at: day, name: ALL_NAMES };
        this.#change({ kind: FLOWS_OF_ALL_NAMES, ...ofAllNames }, part);
        this.#change({ kind: STATUSES_OF_ALL_NAMES, ...ofAllNames }, part.statuses());
      }
    }
  }

  /** To be called within a transaction. */
  save(): void {
    for (const { place, cell } of this.#changes.values()) {
      this.#add(cell, place.kind, place.tenant, place.at, place.name);
    }
    this.#changes.clear();
  }

  /** The transaction was rolled back. */
  forget(): void {
    this.#changes.clear();
  }

  #change(place: Place, cell: Cell): void {
    const key = `${place.kind} ${place.tenant} ${place.at} ${place.name}`;
    valueIn(this.#changes, key, () => ({ place, cell: new Cell() })).cell.addAll(cell);
  }
}

/** Adds to the cell of a table that has such a key; one with nothing in it goes. */
export function adderTo(db: Db, table: string, columns: string[]): (cell: Cell, ...key: number[]) => void {
  const where = columns.map((column) => `${column} = ?`).join(" AND ");
  const select = db.prepare<number[], Buffer>(`SELECT cell FROM ${table} WHERE ${where}`).pluck();
  const put = db.prepare(
    `INSERT OR REPLACE INTO ${table} (cell, ${columns.join(", ")}) VALUES (?, ${columns.map(() => "?").join(", ")})`,
  );
  const drop = db.prepare<number[]>(`DELETE FROM ${table} WHERE ${where}`);
  return (cell, ...key) => {
    const known = select.get(...key);
    const sum = new Cell();
    if (known !== undefined) unpackCell(known, sum);
    sum.addAll(cell);
    if (sum.isEmpty) drop.run(...key);
    else put.run(packCell(sum), ...key);
  };
}
