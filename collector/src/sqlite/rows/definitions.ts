/** Definitions of workflows, each kept once for all flows that carry it, for as long as there is one. */
import { hash } from "node:crypto";
import { BoundedMap } from "../../bounded-map.ts";
import type { Db } from "../file/open.ts";

/** Each may be 64 KB. */
const MOST_REMEMBERED = 200;

export class Definitions {
  readonly #numbers = new BoundedMap<string, number>(MOST_REMEMBERED);
  readonly #texts = new BoundedMap<number, string>(MOST_REMEMBERED);
  /** By number, how many flows came to carry it, less those that no longer do. */
  readonly #changes = new Map<number, number>();
  readonly #selectNumber;
  readonly #selectText;
  readonly #insert;
  readonly #count;
  readonly #dropUnused;

  constructor(db: Db) {
    this.#selectNumber = db
      .prepare<[Buffer], number>("SELECT number FROM definitions WHERE digest = ?")
      .pluck();
    this.#selectText = db.prepare<[number], string>("SELECT text FROM definitions WHERE number = ?").pluck();
    this.#insert = db.prepare<[Buffer, string]>("INSERT INTO definitions (digest, text) VALUES (?, ?)");
    this.#count = db.prepare<[number, number]>("UPDATE definitions SET flows = flows + ? WHERE number = ?");
    this.#dropUnused = db.prepare("DELETE FROM definitions WHERE flows = 0");
  }

  /** Keeps it where it is new. To be called within a transaction. */
  numberOf(text: string): number {
    const remembered = this.#numbers.get(text);
    if (remembered !== undefined) return remembered;
    const digest = hash("sha256", text, "buffer");
    const number = this.#selectNumber.get(digest) ?? Number(this.#insert.run(digest, text).lastInsertRowid);
    this.#numbers.set(text, number);
    return number;
  }

  textOf(number: number): string {
    let text = this.#texts.get(number);
    if (text === undefined) {
      text = this.#selectText.get(number) ?? "";
      this.#texts.set(number, text);
    }
    return text;
  }

  /** A flow carries another now than before. Written with `save`, once for all flows of a commit. */
  changed(before: string | null, after: string | null): void {
    if (before === after) return;
    if (before !== null) this.#add(this.numberOf(before), -1);
    if (after !== null) this.#add(this.numberOf(after), 1);
  }

  save(): void {
    for (const [number, change] of this.#changes) if (change !== 0) this.#count.run(change, number);
    this.#changes.clear();
  }

  /** Deletes those that no flow carries any more. */
  dropUnused(): void {
    if (this.#dropUnused.run().changes > 0) this.forget();
  }

  /** After a transaction that was rolled back: what is remembered may not be there. */
  forget(): void {
    this.#numbers.clear();
    this.#texts.clear();
    this.#changes.clear();
  }

  #add(number: number, change: number): void {
    this.#changes.set(number, (this.#changes.get(number) ?? 0) + change);
  }
}
