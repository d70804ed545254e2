/**
 * A flow's share in the statistics, as bytes: a function of its picture alone. When the picture changes, the share that
 * was counted is taken away and the new one added, so the sums are those of the flows as they stand, whatever the order
 * in which things were said.
 */
import type { Step } from "../../flow.ts";
import type { Picture } from "../../fold/index.ts";
import { kindOfError, kindText } from "../../stores/error-kind.ts";
import { outcomeOf } from "../../stores/outcome.ts";
import { hourOf } from "../../stores/slots.ts";
import { kindOfPart, numberOfPart, OTHER, PART, type Parts } from "./parts.ts";
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

  /** @returns bytes that are good until the next call. */
  of({ summary, steps }: Pick<Picture, "summary" | "steps">, { tenant, name, mayKeep }: ShareOf): Uint8Array {
    const to = this.#to;
    to.clear();
    const { status, startedAt, endedAt, labels, error } = summary;
    const outcome = outcomeOf(status, durationOf(startedAt, endedAt));
    to.uint(hourOf(startedAt));
    to.uint(tenant);
    to.uint(name);
    to.uint(outcome);
    const parts = this.#parts;
    const ofLabels = parts.ofLabels(tenant);
    for (const key in labels) {
      this.#part(parts.labelCode(ofLabels, key, labels[key] as string, mayKeep), outcome, 1);
    }
    const ofName = parts.ofName(tenant, name);
    if (error !== null && status === "failed") {
      this.#part(parts.errorCode(ofName, kindText(kindOfError(error)), mayKeep), outcome, 1);
    }
    if (steps.length <= MOST_ONE_BY_ONE) {
      for (const step of steps) this.#part(parts.stepCode(ofName, step, mayKeep), outcomeOfStep(step), 1);
    } else {
      this.#counted(steps, (step) => parts.stepCode(ofName, step, mayKeep));
    }
    return to.written;
  }

  /** Steps of a large flow: so its share grows with the kinds of its steps, not with their number. */
  #counted(steps: Step[], codeOf: (step: Step) => number): void {
    const counts = new Map<number, Map<number, number>>();
    for (const step of steps) {
      const code = codeOf(step);
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

  #part(code: number, outcome: number, count: number): void {
    this.#to.uint(code);
    this.#to.uint(outcome * 2 + (count === 1 ? 0 : 1));
    if (count !== 1) this.#to.uint(count);
  }
}

/** Reads shares, one after the other. */
export class ShareReader {
  hour = 0;
  tenant = 0;
  name = 0;
  outcome = 0;
  #from = new ByteReader(new Uint8Array());

  read(share: Uint8Array): this {
    return this.readFrom(new ByteReader(share));
  }

  /** Reads what stands before the parts. */
  readFrom(from: ByteReader): this {
    this.#from = from;
    this.hour = from.uint();
    this.tenant = from.uint();
    this.name = from.uint();
    this.outcome = from.uint();
    return this;
  }

  /** To be called once after each share that is read. */
  parts(each: (code: number, outcome: number, count: number) => void): void {
    const from = this.#from;
    while (!from.done) {
      const code = from.uint();
      const what = from.uint();
      each(code, Math.floor(what / 2), what % 2 === 0 ? 1 : from.uint());
    }
  }
}

/** The kind of error that a flow failed with, as it is counted; `null`: none, or none that is told apart. */
export function errorIn(share: Uint8Array): number | null {
  let error: number | null = null;
  new ShareReader().read(share).parts((code) => {
    if (kindOfPart(code) === PART.error) error = numberOfPart(code);
  });
  return error === OTHER ? null : error;
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
