/**
 * Lists as CSV for spreadsheets (RFC 4180), the columns of which follow from the schema of what is in the list: an object in it
 * becomes columns of its own, a list of texts one cell, everything else that is not plain its JSON.
 *
 * A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, and these texts are written by others:
 * such a cell gets an apostrophe before it. Numbers are numbers.
 */
import type { TSchema } from "typebox";

interface Column {
  name: string;
  path: readonly string[];
}

export interface CsvForm {
  /** The first line, after the mark by which spreadsheets know UTF-8. */
  header: string;
  /** One line, with its line break. */
  line(row: object): string;
}

const BYTE_ORDER_MARK = "\uFEFF";
const END = "\r\n";
/** Also where blanks, or the wide forms that a spreadsheet makes narrow, stand before it. */
const FORMULA = /^\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]/;

/**
 * @param without columns that no spreadsheet needs, by their names
 * @example csvOf(FlowSummary, ["error.stack"]).header // "…tenant,id,name,status,…"
 */
export function csvOf(schema: TSchema, without: readonly string[] = []): CsvForm {
  const columns = columnsOf(schema, []).filter(({ name }) => !without.includes(name));
  return {
    header: BYTE_ORDER_MARK + columns.map(({ name }) => name).join(",") + END,
    line: (row) => columns.map(({ path }) => cell(valueAt(row, path))).join(",") + END,
  };
}

function columnsOf(schema: unknown, path: readonly string[]): Column[] {
  const { properties } = whereThere(schema);
  if (properties === undefined) return [{ name: path.join("."), path }];
  return Object.entries(properties).flatMap(([key, each]) => columnsOf(each, [...path, key]));
}

/** Of what may be null, what it is where it is not. */
function whereThere(schema: unknown): { properties?: Record<string, unknown> } {
  const { anyOf } = schema as { anyOf?: { type?: string }[] };
  const [first, ...more] = anyOf?.filter(({ type }) => type !== "null") ?? [];
  return first !== undefined && more.length === 0 ? whereThere(first) : (schema as object);
}

function valueAt(row: unknown, path: readonly string[]): unknown {
  let value = row;
  for (const key of path) value = (value as Record<string, unknown> | null)?.[key] ?? null;
  return value;
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = textOf(value);
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  const isTexts = Array.isArray(value) && value.every((each) => typeof each === "string");
  return isTexts ? value.join(", ") : JSON.stringify(value);
}
