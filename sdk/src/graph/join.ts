/** A join: deliveries of several connections that belong together, by a key or by their order, in one. */
import type { Delivery } from "./delivery.ts";
import { JoinIncomplete } from "./errors/join-incomplete.ts";
import { type Gathered, type Gatherer, KEPT, type Released, together } from "./gatherer.ts";
import type { Edge, SlotOfNode } from "./plan.ts";
import type { CheckedJoin, Joined } from "./slot.ts";

const LATE: Gathered = { kind: "late" };
const NONE: ReadonlySet<string> = new Set();

interface Round {
  readonly key: string | number;
  since: number;
  /** Of the connections that have delivered. */
  readonly came: Set<string>;
  /** Connections whose parts came too late before the job was taken up again: the round itself comes anew. */
  late: ReadonlySet<string>;
  parts: Delivery[];
  /** It went on; what comes now is late. */
  gone: boolean;
}

/** What is known of rounds beside the parts that wait. */
interface JoinData {
  /** Where no key is named: the round of the next part over each connection. */
  counts: [edge: string, next: number][];
  /** And before that, those of parts that come anew. */
  again?: [edge: string, rounds: number[]][];
  /** Rounds that went on, and who came. */
  rounds: [key: string | number, gone: boolean, came: string[]][];
  /** Of rounds, whose parts came too late. */
  late?: [key: string | number, edges: string[]][];
}

/** Which rounds the parts of one connection are of, where no key is named: the first is of the first, the second of the second. */
interface Numbers {
  next: number;
  /** Of parts that come anew, in their order. */
  readonly again: number[];
}

export class JoinGatherer implements Gatherer {
  readonly #slot: SlotOfNode;
  readonly #join: CheckedJoin;
  readonly #now: () => number;
  readonly #rounds = new Map<string | number, Round>();
  /** By connection. */
  readonly #numbers = new Map<string, Numbers>();
  /** Of parts that are known to come anew. */
  readonly #again: [edge: string, number: number][] = [];
  /** Rounds that went on and are not settled, by their delivery's number. */
  readonly #inHand = new Map<number, { round: Round; parts: readonly Delivery[] }>();

  constructor(slot: SlotOfNode, join: CheckedJoin, now: () => number) {
    this.#slot = slot;
    this.#join = join;
    this.#now = now;
  }

  add(part: Delivery): Gathered {
    const round = this.#roundOf(part);
    if (round.gone) {
      this.#forgetFull(round);
      return LATE;
    }
    round.parts.push(part);
    const need = this.#join.need === "all" ? this.#slot.edges.length : this.#join.need;
    if (round.came.size < need) return KEPT;
    return { kind: "complete", delivery: this.#goOn(round) };
  }

  settled({ n }: Delivery): void {
    this.#inHand.delete(n);
  }

  known(part: Delivery, as: "finished" | "late" | "again"): void {
    if (as === "again") {
      if (this.#join.by === undefined) this.#again.push([edgeOf(part.edge), this.#number(part)]);
      return;
    }
    const round = this.#roundOf(part, as === "late");
    if (as === "finished") round.gone = true;
    this.#forgetFull(round);
  }

  release(now: number): Released[] {
    const { timeout, incomplete } = this.#join;
    const out: Released[] = [];
    for (const round of this.#rounds.values()) {
      if (!waits(round)) continue;
      const timedOut =
        timeout !== undefined && round.since + timeout <= now && now !== Number.POSITIVE_INFINITY;
      if (!timedOut && now !== Number.POSITIVE_INFINITY) continue;
      const missing = this.#missing(round);
      const error =
        incomplete === "deliver"
          ? undefined
          : new JoinIncomplete(this.#slot.key, missing, timedOut ? timeout : undefined);
      out.push({ delivery: this.#goOn(round), error });
    }
    return out;
  }

  nextAt(): number | undefined {
    const { timeout } = this.#join;
    if (timeout === undefined) return undefined;
    // They were begun in this order.
    for (const round of this.#rounds.values()) if (waits(round)) return round.since + timeout;
    return undefined;
  }

  restart(): void {
    for (const round of this.#rounds.values()) round.since = this.#now();
  }

  kept(): Delivery[] {
    return [...this.#rounds.values()].flatMap(({ parts }) => parts);
  }

  data(): JoinData {
    const inHand = new Map([...this.#inHand.values()].map(({ round, parts }) => [round, parts]));
    const rounds = new Set([...inHand.keys(), ...this.#rounds.values()]);
    const again = new Map([...this.#numbers].map(([edge, numbers]) => [edge, [...numbers.again]]));
    for (const [edge, number] of this.#again) again.get(edge)?.push(number);
    const data: Required<JoinData> = { counts: [], again: [], rounds: [], late: [] };
    for (const round of rounds) {
      const { key, gone, came, late } = round;
      const parts = inHand.get(round) ?? round.parts;
      const anew = new Set(parts.map(({ edge }) => edgeOf(edge)));
      if (typeof key === "number") for (const edge of anew) again.get(edge)?.push(key);
      const isOver = gone && !inHand.has(round);
      const tooLate = [...late, ...(gone && !isOver ? came : [])].filter((edge) => !anew.has(edge));
      if (isOver) data.rounds.push([key, true, [...came]]);
      if (tooLate.length > 0) data.late.push([key, tooLate]);
    }
    for (const [edge, { next }] of this.#numbers) data.counts.push([edge, next]);
    for (const [edge, left] of again)
      if (left.length > 0) data.again.push([edge, left.sort((a, b) => a - b)]);
    return data;
  }

  load(data: unknown): void {
    const { counts, again = [], rounds, late = [] } = data as JoinData;
    for (const [edge, next] of counts) this.#numbers.set(edge, { next, again: [] });
    for (const [edge, left] of again) this.#numbers.get(edge)?.again.push(...left);
    for (const [key, gone, came] of rounds)
      this.#rounds.set(key, { ...this.#newRound(key), gone, came: new Set(came) });
    for (const [key, edges] of late) {
      const round = this.#rounds.get(key) ?? this.#newRound(key);
      this.#rounds.set(key, { ...round, late: new Set(edges) });
    }
  }

  #newRound(key: string | number): Round {
    return { key, since: this.#now(), came: new Set(), late: NONE, parts: [], gone: false };
  }

  #number(part: Delivery): number {
    const edge = edgeOf(part.edge);
    const numbers = this.#numbers.get(edge) ?? { next: 0, again: [] };
    this.#numbers.set(edge, numbers);
    const again = numbers.again.shift();
    if (again !== undefined) return again;
    numbers.next += 1;
    return numbers.next - 1;
  }

  #roundOf(part: Delivery, isLate = false): Round {
    const { by } = this.#join;
    const key = by === undefined ? this.#number(part) : by(part.payload);
    if (typeof key !== "string" && typeof key !== "number")
      throw new TypeError(
        `join of ${this.#slot.key}: expected by to return text or a number, got ${typeof key}`,
      );
    let round = this.#rounds.get(key);
    if (round === undefined) {
      round = this.#newRound(key);
      this.#rounds.set(key, round);
    }
    const edge = edgeOf(part.edge);
    if (isLate) round.late = new Set([...round.late, edge]);
    else round.came.add(edge);
    return round;
  }

  #goOn(round: Round): Delivery {
    const payload: Joined<unknown> = Object.freeze({
      parts: Object.freeze(
        round.parts.map((part) =>
          Object.freeze({
            source: part.edge?.source ?? "",
            event: part.edge?.event ?? "",
            payload: part.payload,
          }),
        ),
      ),
      missing: Object.freeze(this.#missing(round)),
    });
    const delivery = together(round.parts, payload);
    this.#inHand.set(delivery.n, { round, parts: round.parts });
    round.gone = true;
    round.parts = [];
    this.#forgetFull(round);
    return delivery;
  }

  /** Nothing more can come to it. */
  #forgetFull(round: Round): void {
    const { key, gone, came, late } = round;
    const size = late === NONE ? came.size : new Set([...came, ...late]).size;
    if (gone && size >= this.#slot.edges.length) this.#rounds.delete(key);
  }

  #missing({ came }: Round): string[] {
    return this.#slot.edges
      .filter(({ id }) => !came.has(id))
      .map(({ source, event }) => `${source}.${event}`);
  }
}

/** It has parts, and has not gone on. */
function waits({ gone, parts }: Round): boolean {
  return !gone && parts.length > 0;
}

/** What `execute` gives to a slot that joins comes over no connection. */
function edgeOf(edge: Edge | undefined): string {
  return edge?.id ?? "";
}
