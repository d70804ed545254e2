/** Which shapes, labels and errors have which words: few texts beside ten million flows. */
import type { Db } from "../file/open.ts";

/** What has words. Only ever added to: they are on people's disks. */
export const WORD_OF = { shape: 0, label: 1, error: 2 } as const;
export type WordOf = (typeof WORD_OF)[keyof typeof WORD_OF];

export class Words {
  readonly #put;
  readonly #drop;

  constructor(db: Db) {
    this.#put = db.prepare<[string, number, number]>(
      "INSERT OR IGNORE INTO words (word, kind, number) VALUES (?, ?, ?)",
    );
    this.#drop = db.prepare<[string, number, number]>(
      "DELETE FROM words WHERE word = ? AND kind = ? AND number = ?",
    );
  }

  put(kind: WordOf, number: number, words: Iterable<string>): void {
    for (const word of words) this.#put.run(word, kind, number);
  }

  drop(kind: WordOf, number: number, words: Iterable<string>): void {
    for (const word of words) this.#drop.run(word, kind, number);
  }
}
