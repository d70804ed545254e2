/** Flows in. A line that is none of ours is named, and the others are taken. */
import type { FlowEvent } from "../flow.ts";
import type { FlowObservation } from "../observation.ts";
import type { Store } from "../store.ts";
import { type Line, LONGEST_LINE } from "./lines.ts";
import { type ImportedFlow, LineError, readFlow, readHeader } from "./read-line.ts";
import { observationsOf } from "./to-observations.ts";

/** What is appended at once. A flow is never split: it is there whole or not at all. */
const AT_ONCE = 5_000;

export interface ImportOptions {
  store: Pick<Store, "append" | "flow">;
  lines: AsyncIterable<Line>;
  /** Hears of each line that was not taken. */
  onBad: (line: number, why: string) => void;
  /** Hears, after each commit, up to which byte lines were taken. */
  onProgress?: (bytes: number) => void;
}

export interface ImportReport {
  /** New, or more is known of them now. */
  imported: number;
  /** There already, just so. */
  unchanged: number;
  bad: number;
}

/**
 * Memory: what is appended at once, and one line. To import again what was imported changes nothing, so one that was
 * stopped is gone on with by starting it again.
 *
 * @throws {LineError} where the first line is not that of an export.
 * @throws {WeirError} where the store can't take more; what was committed before stays.
 */
export async function importFlows({ store, lines, onBad, onProgress }: ImportOptions): Promise<ImportReport> {
  const report: ImportReport = { imported: 0, unchanged: 0, bad: 0 };
  let waiting: FlowObservation[] = [];
  let flows = 0;
  let begun = false;

  const commit = async (bytes: number) => {
    await store.append(waiting);
    report.imported += flows;
    waiting = [];
    flows = 0;
    onProgress?.(bytes);
  };

  let end = 0;
  for await (const line of lines) {
    end = line.end;
    if (!begun) {
      readHeader(textOf(line));
      begun = true;
      continue;
    }
    let flow: ImportedFlow;
    try {
      flow = readFlow(textOf(line));
    } catch (error) {
      if (!(error instanceof LineError)) throw error;
      report.bad += 1;
      onBad(line.number, error.message);
      continue;
    }
    const fresh = await withoutKnown(store, flow);
    if (fresh === undefined) {
      report.unchanged += 1;
    } else {
      for (const observation of observationsOf(fresh)) waiting.push(observation);
      flows += 1;
    }
    if (waiting.length >= AT_ONCE) await commit(end);
    else if (waiting.length === 0) onProgress?.(end);
  }
  if (!begun) throw new LineError("expected an export, got nothing");
  await commit(end);
  return report;
}

function textOf({ text }: Line): string {
  if (text === null)
    throw new LineError(`expected at most ${LONGEST_LINE} bytes of UTF-8, got something else`);
  return text;
}

/**
 * What the store does not know of a flow. An event is known by the span that noted it, and an export does not tell
 * which that was: so events that are there already, of the spans themselves or of an earlier import, are left out.
 *
 * @returns `undefined` where it knows it all.
 */
async function withoutKnown(
  store: Pick<Store, "flow">,
  flow: ImportedFlow,
): Promise<ImportedFlow | undefined> {
  const known = await store.flow({ tenant: flow.tenant, id: flow.id });
  if (known === undefined) return flow;
  if (essence(known) === essence(flow)) return undefined;
  const there = new Map<string, number>();
  for (const event of known.events) there.set(eventText(event), (there.get(eventText(event)) ?? 0) + 1);
  const events = flow.events.filter((event) => {
    const text = eventText(event);
    const left = there.get(text) ?? 0;
    there.set(text, left - 1);
    return left <= 0;
  });
  return { ...flow, events };
}

function eventText({ name, at, attributes }: FlowEvent): string {
  return JSON.stringify([name, at, attributes]);
}

/** All that is taken of a flow, as one text: equal where two are. */
function essence(flow: ImportedFlow): string {
  return JSON.stringify([
    flow.name,
    flow.status,
    flow.startedAt,
    flow.endedAt,
    flow.failedStep,
    flow.error,
    flow.labels,
    flow.services,
    flow.parent,
    flow.pause,
    flow.incomplete,
    flow.updatedAt,
    flow.definition,
    flow.events.map(eventText),
    flow.steps.map((step) => [
      step.id,
      step.parentId,
      step.kind,
      step.name,
      step.status,
      step.attempt,
      step.attemptOf,
      step.optional,
      step.startedAt,
      step.endedAt,
      step.service,
      step.attributes,
      step.node,
      step.edge,
      step.error,
    ]),
  ]);
}
