/**
 * What is counted of the flows of an hour or a day, as bytes: how they stand, and the same of each of their steps,
 * labels and kinds of error. Outcomes in their order, each as the distance to the one before, with its count.
 */
import type { Adds } from "../../stores/counts.ts";
import { placeOfStatus } from "../../stores/outcome.ts";
import { Tally } from "../../stores/tally.ts";
import { valueIn } from "../../value-in.ts";
import { kindOfPart, PART, type PartKind } from "./parts.ts";
import { ByteReader, ByteWriter } from "./varints.ts";

/** What is counted of flows: how they stand, or how their parts of one kind do. */
export type Want = "flows" | PartKind;

const WANTS: readonly Want[] = ["flows", PART.step, PART.label, PART.error];

/** The number of the cells in which this is counted and nothing else. On people's disks. */
export function kindOfCell(want: Want): number {
  return WANTS.indexOf(want);
}

/** The number of the cells in which it is counted how flows of all names together stand. On people's disks. */
export const FLOWS_OF_ALL_NAMES = 4;

/** Of those in which the same is counted without durations. On people's disks. */
export const STATUSES_OF_ALL_NAMES = 5;

const newTally = () => new Tally();

export class Cell {
  readonly flows = new Tally();
  /** By the code of the part. */
  readonly parts = new Map<number, Tally>();

  part(code: number): Tally {
    return valueIn(this.parts, code, newTally);
  }

  addAll(other: Cell): void {
    this.flows.addAll(other.flows);
    for (const [code, tally] of other.parts) this.part(code).addAll(tally);
  }

  /** What is counted in it, each by itself. What is not is left out. */
  byWant(): Map<Want, Cell> {
    const cells = new Map<Want, Cell>();
    const of = (want: Want) => {
      const cell = cells.get(want) ?? new Cell();
      cells.set(want, cell);
      return cell;
    };
    if (!this.flows.isEmpty) of("flows").flows.addAll(this.flows);
    for (const [code, tally] of this.parts) {
      if (!tally.isEmpty)
        of(kindOfPart(code) as PartKind)
          .part(code)
          .addAll(tally);
    }
    return cells;
  }

  /** How its flows stand, whatever they took. */
  statuses(): Cell {
    const cell = new Cell();
    this.flows.each((outcome, count) => cell.flows.add(placeOfStatus(outcome), count));
    return cell;
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

function packTally(to: ByteWriter, tally: Tally): void {
  to.uint(tally.size);
  let before = 0;
  tally.each((outcome, count) => {
    to.uint(outcome - before);
    before = outcome;
    to.uint(count);
  });
}

/** Adds what is in the bytes to the cell. */
export function unpackCell(bytes: Buffer, into: Cell): void {
  const from = new ByteReader(bytes);
  addTally(from, into.flows, 1);
  for (let code = 0; !from.done; ) {
    code += from.uint();
    from.uint();
    addTally(from, into.part(code), 1);
  }
}

/** As much of a cell as is counted in those of a kind; `null`: nothing. */
export function cellOfKind(bytes: Buffer, kind: number): Buffer | null {
  const cell = new Cell();
  unpackCell(bytes, cell);
  const ofKind = cell.byWant().get(WANTS[kind] as Want);
  return ofKind === undefined ? null : packCell(ofKind);
}

/** The same cell, of how its flows stand alone. */
export function statusesOfCell(bytes: Buffer): Buffer {
  const cell = new Cell();
  unpackCell(bytes, cell);
  return packCell(cell.statuses());
}

/**
 * Adds how the flows stand to a tally, without a look at their parts.
 *
 * @param sign -1: takes it away.
 */
export function addFlows(bytes: Buffer, into: Adds, sign: 1 | -1): void {
  addTally(new ByteReader(bytes), into, sign);
}

/** Hands each part to `tallyOf`, and adds it to what that gives, as `addFlows` does. */
export function addParts(bytes: Buffer, tallyOf: (code: number) => Adds | undefined, sign: 1 | -1): void {
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
    else addTally(from, tally, sign);
  }
}

function addTally(from: ByteReader, into: Adds, sign: 1 | -1): void {
  const size = from.uint();
  if (size > from.left) throw new RangeError("packed tally: ends too early");
  let outcome = 0;
  for (let at = 0; at < size; at += 1) {
    outcome += from.uint();
    outcomes[at] = outcome;
    counts[at] = sign * from.uint();
  }
  if (size > 0) into.addCounts({ size, outcomes, counts });
}

/** What a tally is read into: good until the next one is. Not of a set width: those are several times as slow to make. */
const outcomes: number[] = [];
const counts: number[] = [];
