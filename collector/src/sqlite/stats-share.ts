/**
 * A flow's share in the statistics, as bytes: a function of its picture alone. When the picture changes, the share that
 * was counted is taken away and the new one added, so the sums are those of the flows as they stand, whatever the order
 * in which things were said.
 */

import { STEP_KINDS } from "@weir/sdk/attributes";
import type { Step } from "../flow.ts";
import type { Picture } from "../fold/index.ts";
import { kindOfError, kindText } from "../stores/error-kind.ts";
import { outcomeOf } from "../stores/outcome.ts";
import { hourOf } from "../stores/slots.ts";
import { PART, type Parts } from "./stats-parts.ts";
import { ByteReader, ByteWriter } from "./varints.ts";

/** Beyond, steps of one name and outcome are counted before they are written. */
const MOST_ONE_BY_ONE = 64;

/** Whose share it is. */
export interface ShareOf {
  tenant: number;
  name: number;
  /** What is not told apart yet may be from now on: within a transaction that writes. */
  mayKeep: boolean;
}

export class Shares {
  readonly #parts: Parts;
  readonly #to = new ByteWriter();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  of({ summary, steps }: Pick<Picture, "summary" | "steps">, { tenant, name, mayKeep }: ShareOf): Buffer {
    const to = this.#to;
    const { status, startedAt, endedAt, labels, error } = summary;
    const outcome = outcomeOf(status, durationOf(startedAt, endedAt));
    to.uint(hourOf(startedAt));
    to.uint(tenant);
    to.uint(name);
    to.uint(outcome);
    for (const key in labels) {
      this.#part(this.#parts.labelCode(tenant, key, labels[key] as string, mayKeep), outcome, 1);
    }
    if (error !== null && status === "failed") {
      this.#part(
        this.#parts.codeOf(PART.error, tenant, name, kindText(kindOfError(error)), mayKeep),
        outcome,
        1,
      );
    }
    if (steps.length <= MOST_ONE_BY_ONE) {
      for (const step of steps) this.#part(this.#codeOf(step, tenant, name, mayKeep), outcomeOfStep(step), 1);
    } else {
      this.#counted(steps, tenant, name, mayKeep);
    }
    return to.take();
  }

  /** Steps of a large flow: so its share grows with the kinds of its steps, not with their number. */
  #counted(steps: Step[], tenant: number, name: number, mayKeep: boolean): void {
    const counts = new Map<number, Map<number, number>>();
    for (const step of steps) {
      const code = this.#codeOf(step, tenant, name, mayKeep);
      const outcome = outcomeOfStep(step);
      let outcomes = counts.get(code);
      if (outcomes === undefined) {
        outcomes = new Map();
        counts.set(code, outcomes);
      }
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    for (const [code, outcomes] of inOrder(counts)) {
      for (const [outcome, count] of inOrder(outcomes)) this.#part(code, outcome, count);
    }
  }

  #codeOf(step: Step, tenant: number, name: number, mayKeep: boolean): number {
    return this.#parts.codeOf(PART.step, tenant, name, stepText(step), mayKeep);
  }

  #part(code: number, outcome: number, count: number): void {
    this.#to.uint(code);
    this.#to.uint(outcome * 2 + (count === 1 ? 0 : 1));
    if (count !== 1) this.#to.uint(count);
  }
}

/** A share that is being read. */
export class ShareReader {
  readonly hour: number;
  readonly tenant: number;
  readonly name: number;
  readonly outcome: number;
  readonly #from: ByteReader;

  constructor(bytes: Uint8Array) {
    this.#from = new ByteReader(bytes);
    this.hour = this.#from.uint();
    this.tenant = this.#from.uint();
    this.name = this.#from.uint();
    this.outcome = this.#from.uint();
  }

  /** To be called once. */
  parts(each: (code: number, outcome: number, count: number) => void): void {
    const from = this.#from;
    while (!from.done) {
      const code = from.uint();
      const what = from.uint();
      each(code, Math.floor(what / 2), what % 2 === 0 ? 1 : from.uint());
    }
  }
}

/** Name and kind of a step as one text, and back. */
function stepText({ name, kind }: Pick<Step, "name" | "kind">): string {
  return kind === "step" ? `0${name}` : STEP_KINDS.indexOf(kind) + name;
}

export function stepOf(text: string): Pick<Step, "name" | "kind"> {
  return { name: text.slice(1), kind: STEP_KINDS[Number(text[0])] ?? "step" };
}

function outcomeOfStep({ status, startedAt, endedAt }: Step): number {
  return outcomeOf(status, durationOf(startedAt, endedAt));
}

function durationOf(startedAt: number, endedAt: number | null): number | null {
  return endedAt === null ? null : Math.max(0, endedAt - startedAt);
}

function inOrder<T>(map: Map<number, T>): [number, T][] {
  return [...map].sort(([a], [b]) => a - b);
}
