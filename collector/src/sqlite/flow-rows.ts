/** A flow's state to and from its rows. */
import type { FlowKey, FlowSummary } from "../flow.ts";
import type { EventState, FlowFacts, FlowState, Picture, StepState } from "../fold/index.ts";
import type { Links } from "./links.ts";
import type { Db } from "./open.ts";

/** What is stored of the picture; health depends on the clock and is added when read. */
export type StoredSummary = Omit<FlowSummary, "health">;

/** A flow in hand: its state, its row, and what the row says now. */
export interface FlowInHand {
  state: FlowState;
  /** `null` until it has a row. */
  pk: number | null;
  summary: StoredSummary | null;
  /** The spans that its steps wait to learn of, as last written. */
  unplaced: string;
}

interface FlowRow {
  pk: number;
  facts: string;
  summary: string;
}

export interface FlowRows {
  load(key: FlowKey): FlowInHand | undefined;
  /** Writes the flow's row and those of its steps and events that are named. */
  save(flow: FlowInHand, picture: Picture, steps: Iterable<string>, events: Iterable<string>): void;
}

export function flowRows(db: Db, links: Links): FlowRows {
  const selectFlow = db.prepare<[string, string], FlowRow>(
    "SELECT pk, facts, summary FROM flows WHERE tenant = ? AND id = ?",
  );
  const selectSteps = db.prepare<[number], { state: string }>("SELECT state FROM steps WHERE flow = ?");
  const selectEvents = db.prepare<[number], { state: string }>("SELECT state FROM events WHERE flow = ?");
  const columns =
    "name, status, started_at, ended_at, duration_us, updated_at, parent_tenant, parent_id, stands_at, runners, search, summary, facts";
  const insertFlow = db.prepare(
    `INSERT INTO flows (tenant, id, ${columns}) VALUES (?, ?, ${columns.replaceAll(/\w+/g, "?")})`,
  );
  const updateFlow = db.prepare(`UPDATE flows SET ${columns.replaceAll(/\w+/g, "$& = ?")} WHERE pk = ?`);
  const putStep = db.prepare("INSERT OR REPLACE INTO steps (flow, id, state) VALUES (?, ?, ?)");
  const putEvent = db.prepare("INSERT OR REPLACE INTO events (flow, span, state) VALUES (?, ?, ?)");
  const dropLabels = db.prepare("DELETE FROM labels WHERE flow = ?");
  const putLabel = db.prepare("INSERT OR IGNORE INTO labels (tenant, key, value, flow) VALUES (?, ?, ?, ?)");
  const countTenant = db.prepare(
    `INSERT INTO tenants (tenant, running, failed, last_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (tenant) DO UPDATE SET running = running + excluded.running, failed = failed + excluded.failed,
       last_at = max(last_at, excluded.last_at)`,
  );

  return {
    load(key) {
      const row = selectFlow.get(key.tenant, key.id);
      if (row === undefined) return undefined;
      const state: FlowState = {
        key: { tenant: key.tenant, id: key.id },
        facts: JSON.parse(row.facts) as FlowFacts,
        steps: new Map(),
        events: new Map(),
      };
      for (const { state: json } of selectSteps.iterate(row.pk)) {
        const step = JSON.parse(json) as StepState;
        state.steps.set(step.id, step);
      }
      for (const { state: json } of selectEvents.iterate(row.pk)) {
        const event = JSON.parse(json) as EventState;
        state.events.set(event.span, event);
      }
      // Not known without a look; so the next write looks.
      return { state, pk: row.pk, summary: JSON.parse(row.summary) as StoredSummary, unplaced: "?" };
    },

    save(flow, { summary, runners, unplaced }, steps, events) {
      const { state, summary: before } = flow;
      const values = [
        summary.name,
        summary.status,
        summary.startedAt,
        summary.endedAt,
        summary.endedAt === null ? null : Math.max(0, summary.endedAt - summary.startedAt),
        summary.updatedAt,
        summary.parent?.tenant ?? null,
        summary.parent?.id ?? null,
        JSON.stringify([
          ...summary.currentSteps,
          ...(summary.failedStep === null ? [] : [summary.failedStep]),
        ]),
        JSON.stringify(runners),
        searchText(summary),
        JSON.stringify(summary),
        JSON.stringify(state.facts),
      ];
      if (flow.pk === null) {
        flow.pk = Number(insertFlow.run(summary.tenant, summary.id, ...values).lastInsertRowid);
      } else {
        updateFlow.run(...values, flow.pk);
      }
      const { pk } = flow;
      for (const id of steps) putStep.run(pk, id, JSON.stringify(state.steps.get(id)));
      for (const span of events) putEvent.run(pk, span, JSON.stringify(state.events.get(span)));
      if (!sameLabels(before?.labels, summary.labels)) {
        if (before !== null) dropLabels.run(pk);
        for (const [key, value] of Object.entries(summary.labels))
          putLabel.run(summary.tenant, key, value, pk);
      }
      if (flow.unplaced !== unplaced.join()) links.await(pk, unplaced);
      flow.unplaced = unplaced.join();
      countTenant.run(
        summary.tenant,
        running(summary) - running(before),
        failed(summary) - failed(before),
        summary.updatedAt,
      );
      flow.summary = summary;
    },
  };
}

function running(summary: StoredSummary | null): number {
  return summary !== null && summary.endedAt === null ? 1 : 0;
}

function failed(summary: StoredSummary | null): number {
  return summary?.status === "failed" ? 1 : 0;
}

function sameLabels(a: Record<string, string> | undefined, b: Record<string, string>): boolean {
  return a !== undefined && JSON.stringify(a) === JSON.stringify(b);
}

function searchText(summary: StoredSummary): string {
  const { id, name, labels, error } = summary;
  const parts = [id, name, ...Object.values(labels)];
  if (error !== null) parts.push(error.type, error.message);
  return parts.join("\n").toLowerCase();
}
