/**
 * Steps, labels and kinds of error that statistics tell apart, by number. Names are made of data now and then ("row
 * 17"), so each name of a tenant has a bounded number of them: those that came first are told apart for good, and what
 * comes later is counted as "other". Who was let in once stays, so that what was added can be taken away again.
 */
import { BoundedMap } from "../bounded-map.ts";
import type { Db } from "./open.ts";

export const PART = { step: 0, label: 1, error: 2 } as const;
export type PartKind = (typeof PART)[keyof typeof PART];

/** Of each flow name of a tenant. */
const MOST_STEPS = 100;
const MOST_ERRORS = 100;
/** Of each label key of a tenant, and of a tenant. */
const MOST_VALUES = 100;
const MOST_LABELS = 1_000;
const MOST_REMEMBERED = 20_000;
/** Customers' all: numbers of tenants begin at 1. */
export const ALL_TENANTS = 0;

/** Numbers in cells: that of the part, and its kind in the two low bits, so that a kind is found without a look. */
function partCode(kind: PartKind, number: number): number {
  return number * 4 + kind;
}

export function kindOfPart(code: number): number {
  return code % 4;
}

export function numberOfPart(code: number): number {
  return Math.floor(code / 4);
}

/** The part of all those that are not told apart. */
export const OTHER = 0;

interface KeptRow {
  number: number;
  kind: number;
  text: string;
}

export interface Part {
  kind: PartKind;
  text: string;
}

export class Parts {
  /** What is let in, by tenant and name: by its text, the kind as its first character. */
  readonly #scopes = new BoundedMap<number, Map<string, number>>(MOST_REMEMBERED);
  readonly #values = new BoundedMap<number, Map<string, number>>(MOST_REMEMBERED);
  readonly #parts = new BoundedMap<number, Part>(MOST_REMEMBERED);
  readonly #selectKept;
  readonly #selectNumber;
  readonly #selectPart;
  readonly #insert;
  readonly #keep;

  constructor(db: Db) {
    this.#selectKept = db.prepare<[number, number], KeptRow>(
      "SELECT number, kind, text FROM stats_kept JOIN stats_parts ON number = part WHERE tenant = ? AND name = ?",
    );
    this.#selectNumber = db
      .prepare<[number, string], number>("SELECT number FROM stats_parts WHERE kind = ? AND text = ?")
      .pluck();
    this.#selectPart = db.prepare<[number], Part>("SELECT kind, text FROM stats_parts WHERE number = ?");
    this.#insert = db.prepare<[number, string]>("INSERT INTO stats_parts (kind, text) VALUES (?, ?)");
    this.#keep = db.prepare<[number, number, number]>(
      "INSERT OR IGNORE INTO stats_kept (tenant, name, part) VALUES (?, ?, ?)",
    );
  }

  /**
   * The code of a step or an error in the cells of a tenant's name.
   *
   * @param mayKeep within a transaction that writes; else what is not known is "other".
   */
  codeOf(kind: PartKind, tenant: number, name: number, text: string, mayKeep: boolean): number {
    const scope = this.#scope(tenant, name);
    const known = scope.get(KIND_PREFIX[kind] + text);
    if (known !== undefined) return partCode(kind, known);
    if (!mayKeep || this.#isFull(kind, scope)) return partCode(kind, OTHER);
    return partCode(kind, this.#admit(kind, tenant, name, scope, text));
  }

  /** As `codeOf`, of a label. */
  labelCode(tenant: number, key: string, value: string, mayKeep: boolean): number {
    const text = labelText(key, value);
    const scope = this.#scope(tenant, 0);
    const known = scope.get(KIND_PREFIX[PART.label] + text);
    if (known !== undefined) return partCode(PART.label, known);
    if (!mayKeep || scope.size >= MOST_LABELS) return partCode(PART.label, OTHER);
    const values = this.#valuesOf(tenant, scope);
    const count = values.get(key) ?? 0;
    if (count >= MOST_VALUES) return partCode(PART.label, OTHER);
    values.set(key, count + 1);
    return partCode(PART.label, this.#admit(PART.label, tenant, 0, scope, text));
  }

  /** Whether all values of this key that come are counted by themselves. */
  isWhole(tenant: number, key: string): boolean {
    const scope = this.#scope(tenant, 0);
    return scope.size < MOST_LABELS && (this.#valuesOf(tenant, scope).get(key) ?? 0) < MOST_VALUES;
  }

  /** The code of a label in the cells of a tenant; `undefined` where it is not told apart. */
  findLabel(tenant: number, key: string, value: string): number | undefined {
    const known = this.#scope(tenant, 0).get(KIND_PREFIX[PART.label] + labelText(key, value));
    return known === undefined ? undefined : partCode(PART.label, known);
  }

  /** The code for a part of one tenant in the cells of all; `undefined` for labels, which each tenant has its own of. */
  codeInAll(name: number, code: number, mayKeep: boolean): number | undefined {
    const number = numberOfPart(code);
    const kind = kindOfPart(code) as PartKind;
    if (kind === PART.label) return undefined;
    const part = number === OTHER ? undefined : this.partOf(number);
    if (part === undefined) return partCode(kind, OTHER);
    return this.codeOf(kind, ALL_TENANTS, name, part.text, mayKeep);
  }

  partOf(number: number): Part | undefined {
    const known = this.#parts.get(number) ?? this.#selectPart.get(number);
    if (known !== undefined) this.#parts.set(number, known);
    return known;
  }

  /** After a transaction that was rolled back, or where another connection may have written. */
  forget(): void {
    this.#scopes.clear();
    this.#values.clear();
    this.#parts.clear();
  }

  #scope(tenant: number, name: number): Map<string, number> {
    const key = tenant * 2 ** 26 + name;
    let scope = this.#scopes.get(key);
    if (scope === undefined) {
      scope = new Map();
      for (const { number, kind, text } of this.#selectKept.iterate(tenant, name)) {
        scope.set(KIND_PREFIX[kind as PartKind] + text, number);
      }
      this.#scopes.set(key, scope);
    }
    return scope;
  }

  #valuesOf(tenant: number, scope: Map<string, number>): Map<string, number> {
    let values = this.#values.get(tenant);
    if (values === undefined) {
      values = new Map();
      for (const text of scope.keys()) {
        const { key } = labelOf(text.slice(1));
        values.set(key, (values.get(key) ?? 0) + 1);
      }
      this.#values.set(tenant, values);
    }
    return values;
  }

  #isFull(kind: PartKind, scope: Map<string, number>): boolean {
    const most = kind === PART.step ? MOST_STEPS : MOST_ERRORS;
    if (scope.size < most) return false;
    let count = 0;
    for (const text of scope.keys()) if (text[0] === KIND_PREFIX[kind]) count += 1;
    return count >= most;
  }

  #admit(kind: PartKind, tenant: number, name: number, scope: Map<string, number>, text: string): number {
    const number = this.#selectNumber.get(kind, text) ?? Number(this.#insert.run(kind, text).lastInsertRowid);
    this.#keep.run(tenant, name, number);
    scope.set(KIND_PREFIX[kind] + text, number);
    return number;
  }
}

const KIND_PREFIX: Record<PartKind, string> = { [PART.step]: "s", [PART.label]: "l", [PART.error]: "e" };

/** Keys and values may hold any character. */
function labelText(key: string, value: string): string {
  return `${key.length}:${key}${value}`;
}

export function labelOf(text: string): { key: string; value: string } {
  const colon = text.indexOf(":");
  const end = colon + 1 + Number(text.slice(0, colon));
  return { key: text.slice(colon + 1, end), value: text.slice(end) };
}
