/** Which flows have a label, by the number of its key and value; and for pickers, which labels a tenant uses. */

import { BoundedMap } from "../../bounded-map.ts";
import { wordsOf } from "../../words.ts";
import type { Db } from "../file/open.ts";
import { WORD_OF, type Words } from "../search/words.ts";

const MOST_REMEMBERED = 30_000;
/** Of a key's values a picker shows this many: order numbers are labels too. */
export const VALUES_PER_LABEL = 100;

export interface Labeled {
  pk: number;
  tenant: number;
  startedAt: number;
  labels: Record<string, string>;
}

export class Labels {
  readonly #words: Words;
  readonly #numbers = new BoundedMap<string, number>(MOST_REMEMBERED);
  /** What is in `tenant_labels`, and which keys have all the values there that they may have. */
  readonly #used = new BoundedMap<number, true>(MOST_REMEMBERED);
  /** What is in `label_shapes`. */
  readonly #noted = new BoundedMap<number, true>(MOST_REMEMBERED);
  readonly #counts = new BoundedMap<string, number>(MOST_REMEMBERED);
  readonly #select;
  readonly #insert;
  readonly #put;
  readonly #drop;
  readonly #dropUnused;
  readonly #countUsed;
  readonly #isUsed;
  readonly #use;
  readonly #noteShape;
  readonly #dropShapes;
  readonly #shapesOf;

  constructor(db: Db, words: Words) {
    this.#words = words;
    this.#select = db
      .prepare<[string, string], number>("SELECT number FROM labels WHERE key = ? AND value = ?")
      .pluck();
    this.#insert = db.prepare<[string, string]>("INSERT INTO labels (key, value) VALUES (?, ?)");
    this.#put = db.prepare("INSERT OR IGNORE INTO label_flows (label, started_at, flow) VALUES (?, ?, ?)");
    this.#drop = db.prepare("DELETE FROM label_flows WHERE label = ? AND started_at = ? AND flow = ?");
    this.#dropUnused = db.prepare(
      "DELETE FROM labels WHERE number = ? AND NOT EXISTS (SELECT 1 FROM label_flows WHERE label = labels.number)",
    );
    this.#countUsed = db
      .prepare<[number, string], number>("SELECT count(*) FROM tenant_labels WHERE tenant = ? AND key = ?")
      .pluck();
    this.#noteShape = db.prepare("INSERT OR IGNORE INTO label_shapes (label, shape) VALUES (?, ?)");
    this.#dropShapes = db.prepare("DELETE FROM label_shapes WHERE label = ?");
    this.#shapesOf = db.prepare<[number], number>("SELECT shape FROM label_shapes WHERE label = ?").pluck();
    this.#isUsed = db
      .prepare<[number, string, string], 1>(
        "SELECT 1 FROM tenant_labels WHERE tenant = ? AND key = ? AND value = ?",
      )
      .pluck();
    this.#use = db.prepare("INSERT OR IGNORE INTO tenant_labels (tenant, key, value) VALUES (?, ?, ?)");
  }

  /** For questions: what is remembered may be another label's by now, where another connection deletes. */
  stored(key: string, value: string): number | undefined {
    return this.#select.get(key, value);
  }

  /** For who writes, and so knows of what others have written. */
  find(key: string, value: string): number | undefined {
    const name = nameOf(key, value);
    const number = this.#numbers.get(name) ?? this.#select.get(key, value);
    if (number !== undefined) this.#numbers.set(name, number);
    return number;
  }

  /** To be called within a transaction. */
  put({ pk, tenant, startedAt, labels }: Labeled): void {
    for (const [key, value] of Object.entries(labels)) {
      const number = this.find(key, value) ?? this.#keep(key, value);
      this.#put.run(number, startedAt, pk);
      this.#note(tenant, number, key, value);
    }
  }

  /** A flow with these labels is of this shape. To be called within a transaction. */
  note(labels: Record<string, string>, shape: number): void {
    for (const [key, value] of Object.entries(labels)) {
      const label = this.find(key, value);
      if (label === undefined) continue;
      const both = label * 2 ** 26 + Math.abs(shape) * 2 + (shape < 0 ? 1 : 0);
      if (this.#noted.has(both)) continue;
      this.#noteShape.run(label, shape);
      this.#noted.set(both, true);
    }
  }

  /** Whether flows of a tenant may have a label: of those with more values than are kept any may. */
  mayHave(tenant: number, key: string, value: string): boolean {
    if (this.#isUsed.get(tenant, key, value) !== undefined) return true;
    return (this.#countUsed.get(tenant, key) ?? 0) >= VALUES_PER_LABEL;
  }

  /** Shapes that flows with a label may have. */
  shapesOf(label: number): number[] {
    return this.#shapesOf.all(label);
  }

  drop({ pk, startedAt, labels }: Labeled): void {
    for (const [key, value] of Object.entries(labels)) {
      const number = this.find(key, value);
      if (number === undefined) continue;
      this.#drop.run(number, startedAt, pk);
      // Labels such as an order number come once: they go with their flow.
      if (this.#dropUnused.run(number).changes === 0) continue;
      this.#dropShapes.run(number);
      this.#words.drop(WORD_OF.label, number, wordsOf(value));
      this.#numbers.delete(nameOf(key, value));
      // Its number may be given again.
      this.#used.clear();
      this.#noted.clear();
    }
  }

  /** After a transaction that was rolled back: what is remembered may not be there. */
  forget(): void {
    this.#numbers.clear();
    this.#noted.clear();
    this.#used.clear();
    this.#counts.clear();
  }

  #keep(key: string, value: string): number {
    const number = Number(this.#insert.run(key, value).lastInsertRowid);
    this.#words.put(WORD_OF.label, number, wordsOf(value));
    this.#numbers.set(nameOf(key, value), number);
    return number;
  }

  #note(tenant: number, label: number, key: string, value: string): void {
    // One number of two: exact up to 67 million tenants and twice as many labels.
    const both = label * 2 ** 26 + tenant;
    if (this.#used.has(both)) return;
    const ofKey = `${tenant}:${key}`;
    const count = this.#counts.get(ofKey) ?? (this.#countUsed.get(tenant, key) as number);
    this.#counts.set(ofKey, count);
    if (count >= VALUES_PER_LABEL) return;
    if (this.#use.run(tenant, key, value).changes > 0) this.#counts.set(ofKey, count + 1);
    this.#used.set(both, true);
  }
}

function nameOf(key: string, value: string): string {
  return `${key.length}:${key}${value}`;
}
