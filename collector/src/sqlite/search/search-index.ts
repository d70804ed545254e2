/** What a search finds a flow by besides its id, its labels and its shape: its error, and words that it has for itself. */

import { BoundedMap } from "../../bounded-map.ts";
import { errorText, isOfData, wordsOf } from "../../words.ts";
import type { Db } from "../file/open.ts";
import type { StoredSummary } from "../rows/flow-rows.ts";
import { isLoose } from "./shapes.ts";
import { WORD_OF, type Words } from "./words.ts";

const MOST_REMEMBERED = 10_000;

/** A flow as it is found. */
export interface Findable {
  summary: StoredSummary;
  shape: number;
}

interface Row {
  pk: number;
  tenant: number;
}

interface Said {
  /** Words of the error that are not made of data: most errors of a kind have the same. */
  error: string;
  own: Set<string>;
}

export class SearchIndex {
  readonly #words: Words;
  readonly #numbers = new BoundedMap<string, number>(MOST_REMEMBERED);
  readonly #select;
  readonly #insert;
  readonly #dropUnused;
  readonly #putError;
  readonly #dropError;
  readonly #putWord;
  readonly #dropWord;

  constructor(db: Db, words: Words) {
    this.#words = words;
    this.#select = db.prepare<[string], number>("SELECT number FROM error_texts WHERE text = ?").pluck();
    this.#insert = db.prepare<[string]>("INSERT INTO error_texts (text) VALUES (?)");
    this.#dropUnused = db.prepare("DELETE FROM error_texts WHERE number = ? AND flows = 0");
    this.#putError = db.prepare(
      `INSERT INTO error_flows (error, started_at, flow, tenant, shape) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET shape = excluded.shape`,
    );
    this.#dropError = db.prepare("DELETE FROM error_flows WHERE error = ? AND started_at = ? AND flow = ?");
    this.#putWord = db.prepare("INSERT OR IGNORE INTO word_flows (word, started_at, flow) VALUES (?, ?, ?)");
    this.#dropWord = db.prepare("DELETE FROM word_flows WHERE word = ? AND started_at = ? AND flow = ?");
  }

  /**
   * Writes what differs from before. To be called within a transaction.
   *
   * @param before `null` where nothing of the flow is in the index; `now`, where nothing is to be left.
   */
  change({ pk, tenant }: Row, before: Findable | null, now: Findable | null): void {
    if (!isSaying(before) && !isSaying(now)) return;
    const was = saidOf(before);
    const is = saidOf(now);
    const moved = before?.summary.startedAt !== now?.summary.startedAt;
    const wasAt = before?.summary.startedAt;
    const isOther = moved || was.error !== is.error;
    if (was.error !== "" && isOther) this.#drop(was.error, wasAt as number, pk);
    if (is.error !== "" && (isOther || before?.shape !== now?.shape)) {
      this.#putError.run(this.#keep(is.error), now?.summary.startedAt, pk, tenant, now?.shape);
    }
    for (const word of was.own) if (moved || !is.own.has(word)) this.#dropWord.run(word, wasAt, pk);
    for (const word of is.own) {
      if (moved || !was.own.has(word)) this.#putWord.run(word, now?.summary.startedAt, pk);
    }
  }

  /** What is remembered may not be there. */
  forget(): void {
    this.#numbers.clear();
  }

  #find(text: string): number | undefined {
    return this.#numbers.get(text) ?? this.#select.get(text);
  }

  #keep(text: string): number {
    const known = this.#find(text);
    const number = known ?? Number(this.#insert.run(text).lastInsertRowid);
    this.#numbers.set(text, number);
    if (known === undefined) this.#words.put(WORD_OF.error, number, text.split(" "));
    return number;
  }

  #drop(text: string, startedAt: number, pk: number): void {
    const number = this.#find(text);
    if (number === undefined) return;
    this.#dropError.run(number, startedAt, pk);
    if (this.#dropUnused.run(number).changes === 0) return;
    this.#words.drop(WORD_OF.error, number, text.split(" "));
    this.#numbers.delete(text);
  }
}

function isSaying(flow: Findable | null): boolean {
  return flow !== null && (flow.summary.error !== null || isLoose(flow.shape));
}

function saidOf(flow: Findable | null): Said {
  if (flow === null) return { error: "", own: new Set() };
  const { error, stepNames } = flow.summary;
  const words = error === null ? [] : wordsOf(errorText(error));
  const own = words.filter(isOfData);
  if (isLoose(flow.shape)) own.push(...stepNames.flatMap(wordsOf));
  return {
    error: words
      .filter((word) => !isOfData(word))
      .sort()
      .join(" "),
    own: new Set(own),
  };
}
