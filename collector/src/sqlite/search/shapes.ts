/**
 * Shapes: of flows of one name, those with the same services and the same names of steps are of one shape. A flow tells
 * its shape by number, in the index that would tell its name otherwise: so a search for a step finds its flows in the
 * order of their start, and ingest writes not one row more for it.
 *
 * Where too many flows of a name differ, as where steps are named after data, more of them share no shape: they are
 * loose, and tell their name, less than 0.
 */

import { BoundedMap } from "../../bounded-map.ts";
import { wordsOf } from "../../words.ts";
import type { Db } from "../file/open.ts";
import { WORD_OF, type Words } from "./words.ts";

const MOST_REMEMBERED = 30_000;
/** A list of one name walks all of them side by side. */
const MOST_OF_NAME = 100;

export interface Shaped {
  name: string;
  services: readonly string[];
  stepNames: readonly string[];
}

interface ShapeRow {
  name: number;
  parts: string;
}

interface Known {
  number: number;
  services: readonly string[];
  stepNames: readonly string[];
}

export function isLoose(shape: number): boolean {
  return shape < 0;
}

export class Shapes {
  readonly #words: Words;
  readonly #known = new BoundedMap<string, Known>(MOST_REMEMBERED);
  readonly #select;
  readonly #insert;
  readonly #ofName;
  readonly #countOfName;
  readonly #putService;
  readonly #dropServices;
  readonly #putLoose;
  readonly #isLoose;
  readonly #dropLoose;
  readonly #dropUnused;
  readonly #textOf;
  readonly #withService;
  readonly #loose;
  readonly #nameOf;
  readonly #flowsOf;
  readonly #flowsOfLoose;
  readonly #flows;
  readonly #count;
  readonly #countLoose;
  /** What a commit adds to how many flows are of each. */
  readonly #changes = new Map<number, number>();

  constructor(db: Db, words: Words) {
    this.#words = words;
    this.#select = db
      .prepare<[number, string], number>("SELECT number FROM shapes WHERE name = ? AND parts = ?")
      .pluck();
    this.#insert = db.prepare<[number, string]>("INSERT INTO shapes (name, parts) VALUES (?, ?)");
    this.#ofName = db.prepare<[number], number>("SELECT number FROM shapes WHERE name = ?").pluck();
    this.#countOfName = db.prepare<[number], number>("SELECT count(*) FROM shapes WHERE name = ?").pluck();
    this.#putService = db.prepare("INSERT OR IGNORE INTO shape_services (service, shape) VALUES (?, ?)");
    this.#dropServices = db.prepare("DELETE FROM shape_services WHERE service = ? AND shape = ?");
    this.#putLoose = db.prepare<[number]>("INSERT OR IGNORE INTO loose_names (name) VALUES (?)");
    this.#isLoose = db.prepare<[number], 1>("SELECT 1 FROM loose_names WHERE name = ?").pluck();
    const isUsed = "EXISTS (SELECT 1 FROM flows WHERE shape =";
    this.#dropLoose = db.prepare<[number]>(`DELETE FROM loose_names WHERE name = ? AND NOT ${isUsed} -name)`);
    this.#dropUnused = db.prepare<[number], ShapeRow>(
      `DELETE FROM shapes WHERE number = ? AND NOT ${isUsed} number) RETURNING name, parts`,
    );
    this.#textOf = db.prepare<[number], string>("SELECT text FROM texts WHERE number = ?").pluck();
    this.#withService = db
      .prepare<[string], number>("SELECT shape FROM shape_services WHERE service = ?")
      .pluck();
    this.#nameOf = db.prepare<[number], number>("SELECT name FROM shapes WHERE number = ?").pluck();
    this.#flowsOf = db.prepare<[number], number>("SELECT flows FROM shapes WHERE number = ?").pluck();
    this.#flowsOfLoose = db.prepare<[number], number>("SELECT flows FROM loose_names WHERE name = ?").pluck();
    this.#flows = db.prepare<[], number | null>("SELECT sum(flows) FROM flow_counts").pluck();
    this.#count = db.prepare("UPDATE shapes SET flows = flows + ? WHERE number = ?");
    this.#countLoose = db.prepare("UPDATE loose_names SET flows = flows + ? WHERE name = ?");
    this.#loose = db.prepare<[], number>("SELECT -name FROM loose_names").pluck();
  }

  /** The number for a flow. To be called within a transaction. */
  of(name: number, flow: Shaped): number {
    const { services, stepNames } = flow;
    const mark = markOf(name, flow);
    const known = this.#known.get(mark);
    if (known !== undefined && isSame(known.stepNames, stepNames) && isSame(known.services, services)) {
      return known.number;
    }
    const parts = JSON.stringify([services, stepNames.toSorted()]);
    const number = this.#select.get(name, parts) ?? this.#keep(name, parts, flow);
    // A loose one may find room later.
    if (!isLoose(number)) this.#known.set(mark, { number, services, stepNames });
    return number;
  }

  /** Those of a name. */
  ofName(name: number): number[] {
    const shapes = this.#ofName.all(name);
    return this.#isLoose.get(name) === undefined ? shapes : [...shapes, -name];
  }

  /** Those in which a service took part, without the loose, of which any may have it. */
  withService(service: string): number[] {
    return this.#withService.all(service);
  }

  /** The names of the flows of these. */
  namesOf(shapes: readonly number[]): number[] {
    const names = shapes.flatMap((shape) => (isLoose(shape) ? -shape : (this.#nameOf.get(shape) ?? [])));
    return [...new Set(names)];
  }

  /** The name of the flows of one that is in use. */
  nameOf(shape: number): number {
    return this.namesOf([shape])[0] as number;
  }

  /** How many flows are of these. */
  flowsOf(shapes: readonly number[]): number {
    return shapes.reduce((sum, shape) => {
      const flows = isLoose(shape) ? this.#flowsOfLoose.get(-shape) : this.#flowsOf.get(shape);
      return sum + (flows ?? 0);
    }, 0);
  }

  /** How many flows there are in all. */
  flows(): number {
    return this.#flows.get() ?? 0;
  }

  loose(): number[] {
    return this.#loose.all();
  }

  /** A flow that was of one shape is of another; `null`: there is none. Counted with `save`. */
  moved(from: number | null, to: number | null): void {
    if (from !== null) this.#changes.set(from, (this.#changes.get(from) ?? 0) - 1);
    if (to !== null) this.#changes.set(to, (this.#changes.get(to) ?? 0) + 1);
  }

  /** To be called within the transaction that wrote the flows. */
  save(): void {
    for (const [shape, flows] of this.#changes) {
      if (isLoose(shape)) this.#countLoose.run(flows, -shape);
      else this.#count.run(flows, shape);
    }
    this.#changes.clear();
  }

  /** To be called when a flow is of this shape no longer. */
  dropUnused(shape: number): void {
    if (isLoose(shape)) {
      const name = -shape;
      if (this.#dropLoose.run(name).changes === 0) return;
      this.#changes.delete(shape);
      this.#words.drop(WORD_OF.shape, shape, this.#nameWords(name));
      return;
    }
    const row = this.#dropUnused.get(shape);
    if (row === undefined) return;
    // Its number may be given again.
    this.#changes.delete(shape);
    const [services, stepNames] = JSON.parse(row.parts) as [string[], string[]];
    this.#known.clear();
    for (const service of services) this.#dropServices.run(service, shape);
    const words = new Set([...this.#nameWords(row.name), ...stepNames.flatMap(wordsOf)]);
    this.#words.drop(WORD_OF.shape, shape, words);
  }

  /** What is remembered may not be there. */
  forget(): void {
    this.#known.clear();
    this.#changes.clear();
  }

  #keep(name: number, parts: string, { name: text, services, stepNames }: Shaped): number {
    if ((this.#countOfName.get(name) ?? 0) >= MOST_OF_NAME) {
      if (this.#putLoose.run(name).changes > 0) this.#words.put(WORD_OF.shape, -name, wordsOf(text));
      return -name;
    }
    const number = Number(this.#insert.run(name, parts).lastInsertRowid);
    for (const service of services) this.#putService.run(service, number);
    this.#words.put(WORD_OF.shape, number, new Set([text, ...stepNames].flatMap(wordsOf)));
    return number;
  }

  #nameWords(name: number): string[] {
    return wordsOf(this.#textOf.get(name) ?? "");
  }
}

/** For a memory that is looked into once a flow: quick to make, and not quite unmistakable. */
function markOf(name: number, { services, stepNames }: Shaped): string {
  return `${name} ${services.join()} ${stepNames.join()}`;
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, at) => text === b[at]);
}
