/** Cursors of lists of flows: a place, the direction to go on in, and which list it is of. */
import { createHash } from "node:crypto";
import { WeirError } from "../errors.ts";
import type { FlowQuery } from "../store.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import type { Place } from "./order.ts";

export interface FlowCursor {
  /** `undefined`: before the first flow. */
  place: Place | undefined;
  /** Towards the beginning of the list. */
  back: boolean;
}

const BEFORE_ALL = -1;

export function encodeFlowCursor(query: FlowQuery, { place, back }: FlowCursor): string {
  const { rank, value, pk } = place ?? { rank: BEFORE_ALL, value: 0, pk: 0 };
  return encodeCursor([listOf(query), back ? 1 : 0, rank, value, pk]);
}

/** @throws {WeirError} `invalid_argument` where the query's cursor is none of this list. */
export function readFlowCursor(query: FlowQuery): FlowCursor | undefined {
  if (query.cursor === undefined) return undefined;
  const [list, back, rank, value, pk] = decodeCursor(query.cursor, [
    "string",
    "number",
    "number",
    "number",
    "number",
  ]) as [string, number, number, number, number];
  if (list !== listOf(query)) {
    throw new WeirError(
      "invalid_argument",
      "cursor: expected one of a page with the same filters and order, got one of another list",
    );
  }
  return { place: rank === BEFORE_ALL ? undefined : { rank, value, pk }, back: back === 1 };
}

/** A mark of the list: its filters, in whatever order they were given, and its order. */
function listOf({ limit: _, cursor: __, ...list }: FlowQuery): string {
  const said = Object.entries({ ...list, labels: undefined })
    .filter(
      ([, value]) => value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0),
    )
    .map(([key, value]) => [key, Array.isArray(value) ? [...new Set(value)].sort() : value]);
  const labels = Object.entries(list.labels ?? {}).map(([key, values]) => [key, [...new Set(values)].sort()]);
  return createHash("sha256")
    .update(JSON.stringify([said, labels].map((part) => part.map((each) => JSON.stringify(each)).sort())))
    .digest("base64url")
    .slice(0, 11);
}
