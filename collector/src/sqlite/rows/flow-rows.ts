/** A flow's state to and from its rows. */
import type { FlowKey, FlowSummary } from "../../flow.ts";
import { type FlowState, type Picture, picture } from "../../fold/index.ts";
import { sortedOf } from "../../stores/order.ts";
import type { Db } from "../file/open.ts";
import { SearchIndex } from "../search/search-index.ts";
import { Shapes } from "../search/shapes.ts";
import { Unsearched } from "../search/unsearched.ts";
import { Words } from "../search/words.ts";
import { type CountedFlow, Failures, NOT_COUNTED } from "../stats/failures.ts";
import { StatsLog } from "../stats/log.ts";
import { Parts } from "../stats/parts.ts";
import { Shares } from "../stats/share.ts";
import { StatsState } from "../stats/state.ts";
import { Blocks, type Kind } from "./blocks.ts";
import { Definitions } from "./definitions.ts";
import { FlowPacker, unpackEvent, unpackFlow, unpackStep } from "./flow-bytes.ts";
import type { FlowCounts } from "./flow-counts.ts";
import { idOf, type StoredId, storedId } from "./flow-id.ts";
import { Labels } from "./labels.ts";
import type { Links } from "./links.ts";
import { statusCode } from "./status.ts";
import { Tenants } from "./tenants.ts";
import { StoredTexts } from "./texts.ts";

/** What is stored of the picture; health depends on the clock and is added when read. */
export type StoredSummary = Omit<FlowSummary, "health">;

/** A flow in hand: its state, its row, and what the row says now. */
export interface FlowInHand {
  state: FlowState;
  /** `null` until it has a row. */
  pk: number | null;
  summary: StoredSummary | null;
  /** The definition that it carries, as last written. */
  definition: string | null;
  /** The spans that its steps wait to learn of, as last written. */
  unplaced: string;
  /** Its steps and events have rows of their own. */
  large: boolean;
  /** What is counted of it in the statistics; `null` where nothing is. */
  share: Uint8Array | null;
  /** Its shape, as last written. */
  shape: number | null;
  /** A search finds it: it was written since there is something to be found by. */
  searched: boolean;
  /** Bytes of its rows, about: of one with rows for its steps, what was written of these is added up. */
  packed: number;
}

/** The columns of a flow that say what a list shows. */
export interface FlowRow {
  pk: number;
  tenant: number;
  id: StoredId;
  runners: string | null;
  summary: string | null;
  state: Buffer;
}

/** And what it is found by. */
export interface StoredFlow extends FlowRow {
  shape: number;
}

export const FLOW_COLUMNS = "pk, tenant, id, runners, summary, state";

/** Up to this many steps and events are written with their flow; beyond, only those that changed. */
const MOST_INLINE = 32;

/** What a summary that was written by an earlier version lacks. */
const BEFORE: Partial<StoredSummary> = { stepNames: [] };

const NO_STEPS: FlowState["steps"] = new Map();
const NO_EVENTS: FlowState["events"] = new Map();

export interface FlowRows {
  /** To be shown. */
  load(key: FlowKey): FlowState | undefined;
  /** To be changed, within a transaction. */
  take(key: FlowKey): FlowInHand | undefined;
  /**
   * Writes the flow's row and those of its steps and events that are named.
   *
   * @param packed all of its state by this store's texts, where somebody has packed it already
   */
  save(
    flow: FlowInHand,
    picture: Picture,
    steps: Iterable<string>,
    events: Iterable<string>,
    packed?: Buffer | undefined,
  ): void;
  /** Deletes a flow with all that is found by it. */
  remove(key: FlowKey): void;
  /** Writes what is counted over the flows of a commit. */
  finish(): void;
  /** After a transaction that was rolled back. */
  forget(): void;
  summaryOf(row: FlowRow): StoredSummary;
  /** All that is known of it. */
  pictureOf(row: FlowRow): Picture;
  /** What is to be counted of a flow that was there before anything was. */
  shareOf(row: FlowRow): Uint8Array;
  /** Writes what a search finds a flow by that was there before one could search. To be called within a transaction. */
  makeFindable(row: StoredFlow): void;
}

/** What rows tell by number. */
export interface Numbers {
  texts: StoredTexts;
  tenants: Tenants;
  labels: Labels;
  definitions: Definitions;
  shapes: Shapes;
  found: SearchIndex;
  unsearched: Unsearched;
}

export function numbersOf(db: Db): Numbers {
  const words = new Words(db);
  return {
    texts: new StoredTexts(db),
    tenants: new Tenants(db),
    labels: new Labels(db, words),
    definitions: new Definitions(db),
    shapes: new Shapes(db, words),
    found: new SearchIndex(db, words),
    unsearched: new Unsearched(db),
  };
}

/** What rows are written with. */
export interface RowParts {
  numbers: Numbers;
  links: Links;
  counts: FlowCounts;
  statistics: Statistics;
}

/** What is kept of flows besides, to be counted. */
export interface Statistics {
  shares: Shares;
  log: StatsLog;
  parts: Parts;
  failures: Failures;
  state: StatsState;
}

export function statisticsOf(db: Db): Statistics {
  const parts = new Parts(db);
  return {
    parts,
    shares: new Shares(parts),
    log: new StatsLog(db),
    failures: new Failures(db),
    state: new StatsState(db),
  };
}

export function flowRows(db: Db, { numbers, links, counts, statistics }: RowParts): FlowRows {
  const { texts, tenants, labels, definitions, shapes, found, unsearched } = numbers;
  const { shares, log, parts, failures, state: counted } = statistics;
  const packer = new FlowPacker(texts, definitions);
  const blocks = new Blocks(db);
  const selectFlow = db.prepare<[StoredId, number], StoredFlow>(
    `SELECT ${FLOW_COLUMNS}, shape FROM flows WHERE id = ? AND tenant = ?`,
  );
  const selectSteps = db.prepare<[number], Buffer>("SELECT state FROM steps WHERE flow = ?").pluck();
  const selectEvents = db.prepare<[number], Buffer>("SELECT state FROM events WHERE flow = ?").pluck();
  const columns = [
    "name",
    "status",
    "started_at",
    "duration_us",
    "active_us",
    "shape",
    "parent_tenant",
    "parent_id",
    "runners",
    "summary",
    "state",
  ];
  const insertFlow = db.prepare(
    `INSERT INTO flows (tenant, id, ${columns.join()}) VALUES (?, ?, ${columns.map(() => "?").join()})`,
  );
  const updateFlow = db.prepare(
    `UPDATE flows SET ${columns.map((name) => `${name} = ?`).join()} WHERE pk = ?`,
  );
  const updateShape = db.prepare("UPDATE flows SET shape = ? WHERE pk = ?");
  const deleteFlow = db.prepare("DELETE FROM flows WHERE pk = ?");
  const putStep = db.prepare("INSERT OR REPLACE INTO steps (flow, id, state) VALUES (?, ?, ?)");
  const putEvent = db.prepare("INSERT OR REPLACE INTO events (flow, span, state) VALUES (?, ?, ?)");
  const putStand = db.prepare("INSERT OR IGNORE INTO step_flows (step, started_at, flow) VALUES (?, ?, ?)");
  const dropStand = db.prepare("DELETE FROM step_flows WHERE step = ? AND started_at = ? AND flow = ?");
  const putName = db.prepare("INSERT OR IGNORE INTO tenant_names (tenant, name) VALUES (?, ?)");

  /** The rows of this flow alone; a large one has more. */
  function stateOf(row: FlowRow): FlowState {
    const key = { tenant: tenants.nameOf(row.tenant), id: idOf(row.id) };
    return unpackFlow(row.state, key, texts, definitions);
  }

  function saveParts(flow: FlowInHand, pk: number, steps: Iterable<string>, events: Iterable<string>): void {
    const { state } = flow;
    for (const id of steps) {
      const step = state.steps.get(id);
      if (step === undefined) continue;
      const bytes = packer.step(step);
      putStep.run(pk, id, bytes);
      flow.packed += bytes.length;
    }
    for (const span of events) {
      const event = state.events.get(span);
      if (event === undefined) continue;
      const bytes = packer.event(event);
      putEvent.run(pk, span, bytes);
      flow.packed += bytes.length;
    }
  }

  /** What is found by label, by step and by name, as far as it differs from what was. */
  function index(
    pk: number,
    { tenant, name, shape }: { tenant: number; name: number; shape: number },
    now: StoredSummary,
    before: StoredSummary | null,
  ): void {
    const { startedAt } = now;
    const moved = before !== null && before.startedAt !== startedAt;
    if (before === null || moved || !sameLabels(before.labels, now.labels)) {
      if (before !== null) labels.drop({ pk, tenant, startedAt: before.startedAt, labels: before.labels });
      labels.put({ pk, tenant, startedAt, labels: now.labels });
      labels.note(now.labels, shape);
    }
    const stood = before === null ? [] : standsAt(before);
    const stands = standsAt(now);
    for (const step of stood) if (moved || !stands.includes(step)) dropStand.run(step, before?.startedAt, pk);
    for (const step of stands) if (moved || !stood.includes(step)) putStand.run(step, startedAt, pk);
    if (before?.name !== now.name) putName.run(tenant, name);
  }

  function read(key: FlowKey): { row: StoredFlow; state: FlowState; packed: number } | undefined {
    const tenant = tenants.find(key.tenant);
    const row = tenant === undefined ? undefined : selectFlow.get(storedId(key.id), tenant);
    return row && { row, ...wholeStateOf(row) };
  }

  /** With the rows of its steps and events, where it has such. */
  function wholeStateOf(row: FlowRow): { state: FlowState; packed: number } {
    const state = stateOf(row);
    let packed = row.state.length;
    if (row.summary === null) return { state, packed };
    for (const bytes of selectSteps.all(row.pk)) {
      unpackStep(bytes, state, texts);
      packed += bytes.length;
    }
    for (const bytes of selectEvents.all(row.pk)) {
      unpackEvent(bytes, state, texts);
      packed += bytes.length;
    }
    return { state, packed };
  }

  function kindOf({ name, status }: StoredSummary): Kind {
    return { name: texts.keep(name), status: statusCode(status) };
  }

  /** What is counted of a flow is another now. */
  function count(pk: number, tenant: number, before: CountedFlow, now: CountedFlow): void {
    if (pk <= counted.uncountedTo()) return;
    log.replace(before.share, now.share);
    failures.change(pk, tenant, before, now);
  }

  function shareOf(drawn: Pick<Picture, "summary" | "steps">): Uint8Array {
    const { tenant, name } = drawn.summary;
    return shares.of(drawn, { tenant: tenants.keep(tenant), name: texts.keep(name), mayKeep: true });
  }

  return {
    load: (key) => read(key)?.state,

    take(key) {
      const known = read(key);
      if (known === undefined) return undefined;
      const { row, state, packed } = known;
      const drawn = picture(state);
      // What it waits for is not known without a look; so the next write looks.
      return {
        state,
        pk: row.pk,
        summary: drawn.summary,
        definition: drawn.definition,
        unplaced: "?",
        large: row.summary !== null,
        packed,
        share: Buffer.from(shareOf(drawn)),
        shape: row.shape,
        searched: row.pk > unsearched.upTo(),
      };
    },

    pictureOf: (row) => picture(wholeStateOf(row).state),
    shareOf: (row) => shareOf(picture(wholeStateOf(row).state)),

    makeFindable(row) {
      const { summary } = picture(wholeStateOf(row).state);
      const shape = shapes.of(texts.keep(summary.name), summary);
      found.change(row, null, { summary, shape });
      if (shape === row.shape) return;
      updateShape.run(shape, row.pk);
      shapes.moved(row.shape, shape);
      shapes.save();
      shapes.dropUnused(row.shape);
      labels.note(summary.labels, shape);
    },

    save(flow, drawn, steps, events, inline) {
      const { summary, definition, runners, unplaced } = drawn;
      const { state, summary: before } = flow;
      const tenant = tenants.keep(summary.tenant);
      const name = texts.keep(summary.name);
      const sorted = sortedOf(summary);
      const activeUs = Math.max(0, summary.updatedAt - summary.startedAt);
      const shape = shapes.of(name, summary);
      const becomesLarge = !flow.large && state.steps.size + state.events.size > MOST_INLINE;
      const large = flow.large || becomesLarge;
      const packed = large
        ? packer.flow(state.facts, NO_STEPS, NO_EVENTS)
        : (inline ?? packer.flow(state.facts, state.steps, state.events));
      if (!large) flow.packed = packed.length;
      const values = [
        name,
        statusCode(summary.status),
        summary.startedAt,
        sorted.duration,
        activeUs === sorted.duration ? null : activeUs,
        shape,
        summary.parent === null ? null : tenants.keep(summary.parent.tenant),
        summary.parent === null ? null : storedId(summary.parent.id),
        runners.length === 0 ? null : JSON.stringify(runners),
        large ? JSON.stringify(summary) : null,
        packed,
      ];
      if (flow.pk === null) {
        flow.pk = Number(insertFlow.run(tenant, storedId(summary.id), ...values).lastInsertRowid);
      } else {
        updateFlow.run(...values, flow.pk);
      }
      const { pk } = flow;
      if (becomesLarge) saveParts(flow, pk, state.steps.keys(), state.events.keys());
      else if (large) saveParts(flow, pk, steps, events);
      flow.large = large;

      index(pk, { tenant, name, shape }, summary, before);
      const wasFound =
        before === null || flow.shape === null || !flow.searched
          ? null
          : { summary: before, shape: flow.shape };
      found.change({ pk, tenant }, wasFound, { summary, shape });
      if (flow.shape !== shape) {
        shapes.moved(flow.shape, shape);
        if (flow.shape !== null) {
          labels.note(summary.labels, shape);
          shapes.dropUnused(flow.shape);
        }
      }
      flow.shape = shape;
      flow.searched = true;
      if (before !== null && isOtherEnd(before, summary)) blocks.removed(pk, kindOf(before));
      blocks.widen(pk, kindOf(summary), sorted);
      if (flow.unplaced !== unplaced.join()) links.await(pk, unplaced);
      flow.unplaced = unplaced.join();
      tenants.count(tenant, {
        flows: before === null ? 1 : 0,
        running: running(summary) - running(before),
        failed: failed(summary) - failed(before),
        lastAt: summary.updatedAt,
      });
      counts.changed(before?.status, summary.status);
      definitions.changed(flow.definition, definition);
      flow.definition = definition;
      flow.summary = summary;

      const share = shares.of(drawn, { tenant, name, mayKeep: true });
      count(pk, tenant, countedOf(before, flow.share), countedOf(summary, share));
      // One that is let go after the commit needs no copy.
      flow.share = summary.endedAt === null || large ? Buffer.from(share) : null;
    },

    remove(key) {
      const flow = this.take(key);
      if (flow === undefined || flow.pk === null || flow.summary === null) return;
      const { pk, summary, definition, share, shape, searched } = flow;
      const tenant = tenants.keep(key.tenant);
      labels.drop({ pk, tenant, startedAt: summary.startedAt, labels: summary.labels });
      for (const step of standsAt(summary)) dropStand.run(step, summary.startedAt, pk);
      if (shape !== null && searched) found.change({ pk, tenant }, { summary, shape }, null);
      deleteFlow.run(pk);
      if (shape !== null) {
        shapes.moved(shape, null);
        shapes.dropUnused(shape);
      }
      blocks.removed(pk, kindOf(summary));
      definitions.changed(definition, null);
      count(pk, tenant, countedOf(summary, share), NOT_COUNTED);
      tenants.count(tenant, { flows: -1, running: -running(summary), failed: -failed(summary), lastAt: 0 });
    },

    finish() {
      tenants.save();
      counts.save();
      definitions.save();
      shapes.save();
      log.save();
      blocks.save();
    },

    forget() {
      texts.forget();
      tenants.forget();
      labels.forget();
      counts.forget();
      definitions.forget();
      log.forget();
      parts.forget();
      counted.forget();
      shapes.forget();
      found.forget();
      unsearched.forget();
      blocks.forget();
    },

    summaryOf(row) {
      if (row.summary !== null) return { ...BEFORE, ...(JSON.parse(row.summary) as StoredSummary) };
      return picture(stateOf(row)).summary;
    },
  };
}

function countedOf(summary: StoredSummary | null, share: Uint8Array | null): CountedFlow {
  if (summary === null) return NOT_COUNTED;
  return { startedAt: summary.startedAt, hasFailed: summary.status === "failed", share };
}

function running(summary: StoredSummary | null): number {
  return summary !== null && summary.endedAt === null ? 1 : 0;
}

function failed(summary: StoredSummary | null): number {
  return summary?.status === "failed" ? 1 : 0;
}

/** One that had not ended is in no bounds of lengths. */
function isOtherEnd(before: StoredSummary, now: StoredSummary): boolean {
  return before.name !== now.name || (before.endedAt !== null && before.status !== now.status);
}

function sameLabels(a: Record<string, string>, b: Record<string, string>): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

const NOWHERE: string[] = [];

function standsAt({ currentSteps, failedStep }: StoredSummary): string[] {
  if (currentSteps.length === 0) return failedStep === null ? NOWHERE : [failedStep];
  return [...new Set(failedStep === null ? currentSteps : [...currentSteps, failedStep])];
}
