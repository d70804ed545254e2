/**
 * News from other processes on the same file. SQLite sends none, so the file is asked, many times a second while someone
 * waits and never otherwise; asking costs a read of shared memory where nothing was written.
 */
import type { Watchers } from "../watchers.ts";
import type { Db } from "./open.ts";
import type { Statements } from "./statements.ts";

const EVERY_MS = 50;

export class News {
  readonly #sql: Statements;
  readonly #watchers: Watchers;
  readonly #dataVersion: () => unknown;
  #version: unknown;
  #last: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(db: Db, sql: Statements, watchers: Watchers) {
    this.#sql = sql;
    this.#watchers = watchers;
    const dataVersion = db.prepare("PRAGMA data_version").pluck();
    this.#dataVersion = () => dataVersion.get();
    this.#version = undefined;
    this.#last = 0;
  }

  /** @param waiting how many wait */
  waited(waiting: number): void {
    if (waiting === 0) this.stop();
    else if (this.#timer === undefined) {
      this.#last = this.#sql.lastNews.get() as number;
      this.#timer = setInterval(() => this.#look(), EVERY_MS);
    }
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    try {
      const version = this.#dataVersion();
      if (version === this.#version) return;
      const news = this.#sql.newsAfter.all(this.#last);
      for (const { id, news: number } of news) {
        this.#last = number;
        this.#watchers.tell(id);
      }
      if (news.length > 0) this.#watchers.tellDue();
      // The rest of a long list is read next time.
      if (news.length < 1000) this.#version = version;
    } catch {
      // The file is in trouble: whoever waits asks again, and is told so by the journal.
      this.#watchers.tellAll();
    }
  }
}
