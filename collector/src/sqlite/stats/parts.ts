/**
 * Steps, labels and kinds of error that statistics tell apart, by number. Names are made of data now and then ("row
 * 17"), so each name of a tenant has a bounded number of them: those that came first are told apart for good, and what
 * comes later is counted as "other". Who was let in once stays, so that what was added can be taken away again.
 */
import { STEP_KINDS, type StepKind } from "@weir/sdk/attributes";
import { BoundedMap } from "../../bounded-map.ts";
import type { Db } from "../file/open.ts";

export const PART = { step: 0, label: 1, error: 2 } as const;
export type PartKind = (typeof PART)[keyof typeof PART];

/** Of each flow name of a tenant. */
const MOST_STEPS = 100;
const MOST_ERRORS = 100;
/** Of each label key of a tenant, and of a tenant. */
const MOST_VALUES = 100;
const MOST_LABELS = 1_000;
const MOST_REMEMBERED = 20_000;

/** The number of all tenants together: theirs begin at 1. */
export const ALL_TENANTS = 0;
/** The number of all parts of a kind that are not told apart. */
export const OTHER = 0;

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

interface KeptRow {
  number: number;
  kind: number;
  text: string;
}

/** What is told apart of a name of a tenant, or of a tenant's labels. Mostly few, and then a list is the quickest. */
class Kept {
  readonly #list: number[] = [];
  #set: Set<number> | undefined;
  /** How many there are of a kind, or of a label key. */
  readonly counts = new Map<PartKind | string, number>();

  has(code: number): boolean {
    return this.#set === undefined ? this.#list.includes(code) : this.#set.has(code);
  }

  add(code: number, group: PartKind | string): void {
    this.#list.push(code);
    if (this.#set !== undefined) this.#set.add(code);
    else if (this.#list.length > LONGEST_LIST) this.#set = new Set(this.#list);
    this.counts.set(group, this.countOf(group) + 1);
  }

  countOf(group: PartKind | string): number {
    return this.counts.get(group) ?? 0;
  }

  get size(): number {
    return this.#list.length;
  }
}

const LONGEST_LIST = 16;

/** What is remembered of each part: of labels by key and value, of steps by kind and name. */
type Codes = Map<string, Map<string, number>>;

export class Parts {
  /**
   * Codes are the same for all tenants, so these few texts are always at hand. What is let in somewhere that is
   * remembered is in here.
   */
  readonly #codes: Record<PartKind, Codes> = {
    [PART.step]: new Map(),
    [PART.label]: new Map(),
    [PART.error]: new Map(),
  };
  #coded = 0;
  readonly #kept = new BoundedMap<number, Kept>(MOST_REMEMBERED);
  readonly #texts = new BoundedMap<number, string>(MOST_REMEMBERED);
  readonly #selectKept;
  readonly #selectNumber;
  readonly #selectText;
  readonly #insert;
  readonly #keep;

  constructor(db: Db) {
    this.#selectKept = db.prepare<[number, number], KeptRow>(
      "SELECT number, kind, text FROM stats_kept JOIN stats_parts ON number = part WHERE tenant = ? AND name = ?",
    );
    this.#selectNumber = db
      .prepare<[number, string], number>("SELECT number FROM stats_parts WHERE kind = ? AND text = ?")
      .pluck();
    this.#selectText = db.prepare<[number], string>("SELECT text FROM stats_parts WHERE number = ?").pluck();
    this.#insert = db.prepare<[number, string]>("INSERT INTO stats_parts (kind, text) VALUES (?, ?)");
    this.#keep = db.prepare<[number, number, number]>(
      "INSERT OR IGNORE INTO stats_kept (tenant, name, part) VALUES (?, ?, ?)",
    );
  }

  /** What is told apart of a name of a tenant: for `stepCode` and `errorCode`. */
  ofName(tenant: number, name: number): Scope {
    return { tenant, name, kept: this.#keptOf(tenant, name) };
  }

  /** What is told apart of a tenant's labels: for `labelCode`. To be asked for before the names of one flow. */
  ofLabels(tenant: number): Scope {
    this.#makeRoom();
    return this.ofName(tenant, NO_NAME);
  }

  /**
   * The code of a step in the cells of a tenant's name.
   *
   * @param mayKeep whether it may be told apart from now on: within a transaction that writes. Else what is not yet is
   * "other".
   */
  stepCode(scope: Scope, { kind, name }: StepPart, mayKeep: boolean): number {
    const code = this.#codes[PART.step].get(kind)?.get(name);
    if (code !== undefined && scope.kept.has(code)) return code;
    if (!mayKeep || scope.kept.countOf(PART.step) >= MOST_STEPS) return partCode(PART.step, OTHER);
    return this.#admit(scope, PART.step, stepText({ kind, name }));
  }

  /** As `stepCode`. */
  errorCode(scope: Scope, text: string, mayKeep: boolean): number {
    const code = this.#codes[PART.error].get("")?.get(text);
    if (code !== undefined && scope.kept.has(code)) return code;
    if (!mayKeep || scope.kept.countOf(PART.error) >= MOST_ERRORS) return partCode(PART.error, OTHER);
    return this.#admit(scope, PART.error, text);
  }

  /** As `stepCode`. */
  labelCode(scope: Scope, key: string, value: string, mayKeep: boolean): number {
    const code = this.#codes[PART.label].get(key)?.get(value);
    if (code !== undefined && scope.kept.has(code)) return code;
    if (!mayKeep || !hasRoom(scope, key)) return partCode(PART.label, OTHER);
    return this.#admit(scope, PART.label, labelText({ key, value }));
  }

  /** Whether all values of this key that come are counted by themselves. */
  isWhole(tenant: number, key: string): boolean {
    return hasRoom(this.ofLabels(tenant), key);
  }

  /** The code of a label in the cells of a tenant; `undefined` where it is not told apart. */
  findLabel(tenant: number, { key, value }: LabelPart): number | undefined {
    const code = this.labelCode(this.ofLabels(tenant), key, value, false);
    return numberOfPart(code) === OTHER ? undefined : code;
  }

  /**
   * The code for a part of one tenant in the cells of all; `undefined` for labels, which each tenant has its own of. To
   * be called within a transaction that writes.
   */
  codeInAll(name: number, code: number): number | undefined {
    const kind = kindOfPart(code);
    if (kind === PART.label) return undefined;
    const text = this.textOf(code);
    if (text === undefined) return code;
    this.#makeRoom();
    const all = this.ofName(ALL_TENANTS, name);
    return kind === PART.error ? this.errorCode(all, text, true) : this.stepCode(all, stepOf(text), true);
  }

  /** `undefined` of those that are not told apart. */
  textOf(code: number): string | undefined {
    const number = numberOfPart(code);
    if (number === OTHER) return undefined;
    const known = this.#texts.get(number) ?? this.#selectText.get(number);
    if (known !== undefined) this.#texts.set(number, known);
    return known;
  }

  /** After a transaction that was rolled back, or where another connection may have written. */
  forget(): void {
    for (const codes of Object.values(this.#codes)) codes.clear();
    this.#coded = 0;
    this.#kept.clear();
    this.#texts.clear();
  }

  /** Not while a scope is in use: what it holds would be forgotten one by one. */
  #makeRoom(): void {
    if (this.#coded > MOST_REMEMBERED) this.forget();
  }

  #keptOf(tenant: number, name: number): Kept {
    const key = tenant * 2 ** 26 + name;
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const kept = new Kept();
    for (const { number, kind, text } of this.#selectKept.iterate(tenant, name)) {
      this.#remember(kept, kind as PartKind, number, text);
    }
    this.#kept.set(key, kept);
    return kept;
  }

  #admit({ tenant, name, kept }: Scope, kind: PartKind, text: string): number {
    const number = this.#selectNumber.get(kind, text) ?? Number(this.#insert.run(kind, text).lastInsertRowid);
    this.#keep.run(tenant, name, number);
    this.#remember(kept, kind, number, text);
    return partCode(kind, number);
  }

  #remember(kept: Kept, kind: PartKind, number: number, text: string): void {
    const code = partCode(kind, number);
    const { outer, inner } = pathOf(kind, text);
    kept.add(code, kind === PART.label ? outer : kind);
    let codes = this.#codes[kind].get(outer);
    if (codes === undefined) {
      codes = new Map();
      this.#codes[kind].set(outer, codes);
    }
    if (!codes.has(inner)) this.#coded += 1;
    codes.set(inner, code);
  }
}

/** The labels of a tenant are told apart for all of its names together. */
const NO_NAME = 0;

/** What is told apart, of whom. */
export interface Scope {
  tenant: number;
  name: number;
  kept: Kept;
}

/** Where a part's code is remembered. */
function pathOf(kind: PartKind, text: string): { outer: string; inner: string } {
  if (kind === PART.error) return { outer: "", inner: text };
  if (kind === PART.step) {
    const { kind: of, name } = stepOf(text);
    return { outer: of, inner: name };
  }
  const { key, value } = labelOf(text);
  return { outer: key, inner: value };
}

/** What a step, and what a label, is told apart by. */
export interface StepPart {
  kind: StepKind;
  name: string;
}
export interface LabelPart {
  key: string;
  value: string;
}

function hasRoom({ kept }: Scope, key: string): boolean {
  return kept.size < MOST_LABELS && kept.countOf(key) < MOST_VALUES;
}

function stepText({ kind, name }: StepPart): string {
  return STEP_KINDS.indexOf(kind) + name;
}

export function stepOf(text: string): StepPart {
  return { kind: STEP_KINDS[Number(text[0])] ?? "step", name: text.slice(1) };
}

/** Keys and values may hold any character. */
function labelText({ key, value }: LabelPart): string {
  return `${key.length}:${key}${value}`;
}

export function labelOf(text: string): LabelPart {
  const colon = text.indexOf(":");
  const end = colon + 1 + Number(text.slice(0, colon));
  return { key: text.slice(colon + 1, end), value: text.slice(end) };
}
