/** The processes that send spans, and when each was last heard of. */
import type { Micros } from "../../flow.ts";
import type { Heard } from "../../fold/index.ts";
import type { Instance } from "../../health.ts";
import type { Db } from "../file/open.ts";

/** Silent this long, a process tells nothing that its flows' age does not. */
const KEPT_US = 24 * 3600 * 1e6;

interface Row {
  instance: string;
  heard_at: number;
  interval_ms: number | null;
  service: string | null;
}

export class Instances {
  readonly #now: () => Micros;
  readonly #known = new Map<string, Instance>();
  readonly #changed = new Set<string>();
  readonly #put;
  readonly #select;

  constructor(db: Db, now: () => Micros) {
    this.#now = now;
    this.#put = db.prepare(
      "INSERT OR REPLACE INTO instances (instance, heard_at, interval_ms, service) VALUES (?, ?, ?, ?)",
    );
    this.#select = db.prepare<[string], Row>(
      "SELECT instance, heard_at, interval_ms, service FROM instances WHERE instance = ?",
    );
    db.prepare("DELETE FROM instances WHERE heard_at < ?").run(now() - KEPT_US);
    const rows = db.prepare<[], Row>("SELECT instance, heard_at, interval_ms, service FROM instances");
    for (const row of rows.iterate()) this.#known.set(row.instance, instanceOf(row));
  }

  /** As committed: another connection may have heard of it. */
  get(id: string): Instance | undefined {
    const row = this.#select.get(id);
    return row && instanceOf(row);
  }

  heard({ instance: id, ...now }: Heard): void {
    const known = this.#known.get(id);
    const intervalMs = now.intervalMs ?? known?.intervalMs ?? null;
    const service = now.service ?? known?.service ?? null;
    this.#changed.add(id);
    if (known !== undefined && known.intervalMs === intervalMs && known.service === service) return;
    this.#known.set(id, { heardAt: this.#now(), intervalMs, service });
  }

  /**
   * Writes what changed; to be called within the transaction. Where that is rolled back, memory stays ahead of
   * the disk: the process was heard all the same, and will be again.
   */
  save(): void {
    const heardAt = this.#now();
    for (const id of this.#changed) {
      const instance = this.#known.get(id);
      if (instance === undefined) continue;
      instance.heardAt = heardAt;
      this.#put.run(id, heardAt, instance.intervalMs, instance.service);
    }
    this.#changed.clear();
  }
}

function instanceOf({ heard_at, interval_ms, service }: Row): Instance {
  return { heardAt: heard_at, intervalMs: interval_ms, service };
}
