/**
 * Makes flows that were stored before there was a search as quick to find as all others: beside the traffic, in pieces,
 * each a transaction of its own. The newest come first. Until it is done a search looks at the others one by one.
 */
import type { Db } from "../file/open.ts";
import { FLOW_COLUMNS, type FlowRows, type StoredFlow } from "../rows/flow-rows.ts";
import type { HotFlows } from "../rows/hot-flows.ts";
import type { Unsearched } from "./unsearched.ts";

/** Some hundredths of a second. */
const FLOWS_A_PIECE = 500;

export interface CatchUpParts {
  rows: FlowRows;
  hot: HotFlows;
  unsearched: Unsearched;
  /** Whether another connection has written, so that what is remembered may be out of date. */
  othersWrote: () => boolean;
}

/** @returns what does a piece, and tells whether there is more. */
export function searchCatchUp(db: Db, { rows, hot, unsearched, othersWrote }: CatchUpParts): () => boolean {
  const select = db.prepare<[number, number], StoredFlow>(
    `SELECT ${FLOW_COLUMNS}, shape FROM flows WHERE pk <= ? ORDER BY pk DESC LIMIT ?`,
  );
  const piece = db.transaction(() => {
    if (othersWrote()) rows.forget();
    const flows = select.all(unsearched.upTo(), FLOWS_A_PIECE);
    for (const flow of flows) rows.makeFindable(flow);
    const last = flows.length < FLOWS_A_PIECE ? undefined : flows.at(-1);
    unsearched.foundDownTo(last?.pk ?? 0);
  });

  return () => {
    if (unsearched.upTo() === 0) return false;
    // What is held of a flow that runs says what it was found by.
    hot.clear();
    try {
      piece.immediate();
    } catch (error) {
      rows.forget();
      throw error;
    }
    return unsearched.upTo() > 0;
  };
}
