/**
 * What spans that are none of ours hang below. They come before or after the steps that need them, so those that come
 * first are kept for a while, and flows that wait for one are found by it.
 */
import type { FlowKey, Micros } from "../../flow.ts";
import { type FlowState, link, type Picture, picture } from "../../fold/index.ts";
import type { SpanLinked } from "../../observation.ts";
import type { Db } from "../file/open.ts";
import { idOf, type StoredId } from "./flow-id.ts";

/** The spans of one piece of work arrive within this time of each other, or its tree stays flatter. */
const KEPT_US = 3600 * 1e6;
const PRUNE_EVERY_US = 60 * 1e6;

/** A flow as its state says that it is. */
export interface Drawn {
  picture: Picture;
  /** Links were added to the state. */
  learned: boolean;
}

export interface Links {
  /** Keeps a link, and tells which flows have waited for it. */
  add(observation: SpanLinked): FlowKey[];
  /** The picture of a flow, with all links in its state that are known and of use to it. */
  draw(state: FlowState): Drawn;
  /** Notes what a flow waits for now. */
  await(pk: number, unplaced: string[]): void;
}

export function linksOf(db: Db, now: () => Micros): Links {
  const put = db.prepare(
    `INSERT INTO links (span, parent, at) VALUES (?, ?, ?)
     ON CONFLICT (span) DO UPDATE SET parent = min(parent, excluded.parent)`,
  );
  const get = db.prepare<[string], string>("SELECT parent FROM links WHERE span = ?").pluck();
  const prune = db.prepare("DELETE FROM links WHERE at < ?");
  const waiting = db.prepare<[string], { tenant: string; id: StoredId }>(
    `SELECT tenants.tenant, id FROM unplaced JOIN flows ON pk = flow JOIN tenants ON tenants.number = flows.tenant
     WHERE span = ?`,
  );
  const forget = db.prepare("DELETE FROM unplaced WHERE flow = ?");
  const note = db.prepare("INSERT OR IGNORE INTO unplaced (span, flow) VALUES (?, ?)");
  let prunedAt = 0;

  return {
    add({ spanId, parentSpanId }) {
      const at = now();
      put.run(spanId, parentSpanId, at);
      if (at - prunedAt > PRUNE_EVERY_US) {
        prune.run(at - KEPT_US);
        prunedAt = at;
      }
      return waiting.all(spanId).map(({ tenant, id }) => ({ tenant, id: idOf(id) }));
    },

    draw(state) {
      for (let learned = false; ; learned = true) {
        const now = picture(state);
        let more = false;
        for (const spanId of now.unplaced) {
          const parentSpanId = get.get(spanId);
          if (parentSpanId !== undefined && link(state, { spanId, parentSpanId })) more = true;
        }
        if (!more) return { picture: now, learned };
      }
    },

    await(pk, unplaced) {
      forget.run(pk);
      for (const span of unplaced) note.run(span, pk);
    },
  };
}
