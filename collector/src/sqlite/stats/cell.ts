/**
 * What is counted of the flows of an hour or a day, as bytes: how they stand, and the same of each of their steps,
 * labels and kinds of error. Outcomes in their order, each as the distance to the one before, with its count.
 */
import { Tally } from "../../stores/tally.ts";
import { ByteReader, ByteWriter } from "./varints.ts";

export class Cell {
  readonly flows = new Tally();
  /** By the code of the part. */
  readonly parts = new Map<number, Tally>();

  part(code: number): Tally {
    let tally = this.parts.get(code);
    if (tally === undefined) {
      tally = new Tally();
      this.parts.set(code, tally);
    }
    return tally;
  }

  addAll(other: Cell): void {
    this.flows.addAll(other.flows);
    for (const [code, tally] of other.parts) this.part(code).addAll(tally);
  }

  get isEmpty(): boolean {
    if (!this.flows.isEmpty) return false;
    for (const tally of this.parts.values()) if (!tally.isEmpty) return false;
    return true;
  }
}

const cellWriter = new ByteWriter();
const tallyWriter = new ByteWriter();

export function packCell({ flows, parts }: Cell): Buffer {
  packTally(cellWriter, flows);
  let before = 0;
  for (const code of [...parts.keys()].sort((a, b) => a - b)) {
    const tally = parts.get(code) as Tally;
    if (tally.isEmpty) continue;
    cellWriter.uint(code - before);
    before = code;
    packTally(tallyWriter, tally);
    cellWriter.uint(tallyWriter.length);
    cellWriter.bytes(tallyWriter.written);
    tallyWriter.clear();
  }
  return cellWriter.take();
}

function packTally(to: ByteWriter, { counts }: Tally): void {
  to.uint(counts.size);
  let before = 0;
  for (const outcome of [...counts.keys()].sort((a, b) => a - b)) {
    to.uint(outcome - before);
    before = outcome;
    to.uint(counts.get(outcome) as number);
  }
}

/** Adds what is in the bytes to the cell. */
export function unpackCell(bytes: Buffer, into: Cell): void {
  const from = new ByteReader(bytes);
  addTally(from, into.flows);
  for (let code = 0; !from.done; ) {
    code += from.uint();
    from.uint();
    addTally(from, into.part(code));
  }
}

/** Adds how the flows stand to a tally, without a look at their parts. */
export function addFlows(bytes: Buffer, into: Tally): void {
  addTally(new ByteReader(bytes), into);
}

/** Hands each part to `tallyOf`, and adds it to what that gives. */
export function addParts(bytes: Buffer, tallyOf: (code: number) => Tally | undefined): void {
  const from = new ByteReader(bytes);
  for (let left = from.uint(); left > 0; left -= 1) {
    from.uint();
    from.uint();
  }
  for (let code = 0; !from.done; ) {
    code += from.uint();
    const length = from.uint();
    const tally = tallyOf(code);
    if (tally === undefined) from.skip(length);
    else addTally(from, tally);
  }
}

function addTally(from: ByteReader, into: Tally): void {
  let outcome = 0;
  for (let left = from.uint(); left > 0; left -= 1) {
    outcome += from.uint();
    into.add(outcome, from.uint());
  }
}
