/** Flows out, oldest first, one at a time. */
import { type FlowKey, keyText, type Micros } from "../flow.ts";
import type { Store } from "../store.ts";
import type { Line } from "./lines.ts";
import { LineError, readFlow } from "./read-line.ts";
import { type ExportFilter, flowLine, headerLine } from "./write-line.ts";

const PAGE = 200;

/** Where an export that was stopped goes on. */
export interface ResumePoint {
  /** How many flows are written. */
  flows: number;
  /** Bytes that are whole lines; what follows was not finished. */
  bytes: number;
  /** The start of the last flow; those written that began at the same moment. */
  startedAt: Micros;
  written: ReadonlySet<string>;
}

export interface ExportOptions {
  store: Pick<Store, "flows" | "flow">;
  filter: ExportFilter;
  resume?: ResumePoint | undefined;
  /** Hears of each flow. */
  onFlow?: () => void;
}

/** The lines of an export, the first of them what the others are. Memory: one flow and one page of summaries. */
export async function* exportLines({ store, filter, resume, onFlow }: ExportOptions): AsyncGenerator<string> {
  if (resume === undefined) yield headerLine(filter);
  const from = resume?.startedAt ?? filter.from;
  let cursor: string | undefined;
  do {
    const page = await store.flows({ ...filter, from, cursor, limit: PAGE, order: "oldest" });
    for (const { tenant, id, startedAt } of page.items) {
      if (startedAt === resume?.startedAt && resume.written.has(keyText({ tenant, id }))) continue;
      const flow = await store.flow({ tenant, id });
      // Deleted since.
      if (flow === undefined) continue;
      yield flowLine(flow);
      onFlow?.();
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}

/**
 * Reads what an export wrote before it was stopped.
 *
 * @returns `undefined` where nothing of it is of use.
 * @throws {LineError} where it is of other flows than the filter's.
 */
export async function resumePoint(
  lines: AsyncIterable<Line>,
  filter: ExportFilter,
): Promise<ResumePoint | undefined> {
  let started = false;
  let point: ResumePoint | undefined;
  let written = new Set<string>();
  for await (const { text, end, whole } of lines) {
    if (!whole || text === null) break;
    if (!started) {
      if (`${text}\n` !== headerLine(filter)) {
        throw new LineError(
          "expected an export of the same tenants, names and times to go on with, got another",
        );
      }
      started = true;
      continue;
    }
    const key = keyAt(text);
    if (key === undefined) break;
    if (key.startedAt !== point?.startedAt) written = new Set();
    written.add(keyText(key));
    point = { flows: (point?.flows ?? 0) + 1, bytes: end, startedAt: key.startedAt, written };
  }
  return point;
}

function keyAt(text: string): (FlowKey & { startedAt: Micros }) | undefined {
  try {
    return readFlow(text);
  } catch {
    return undefined;
  }
}
