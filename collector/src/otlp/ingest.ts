/**
 * What the doors hand on: the bytes of a message → spans → observations → the store, and what became of them.
 *
 * Bytes, not spans, and nothing but plain data, so that all of this can run on another thread than the doors: decoding
 * and folding are most of its work.
 */
import { detailOf, WeirError } from "../errors.ts";
import type { LimitFigures } from "../limits.ts";
import type { Observation } from "../observation.ts";
import { type Admit, allOf, onlyOf } from "./admit.ts";
import { decodeJson } from "./json.ts";
import type { Admission, Limiter } from "./limits/limiter.ts";
import { decodeProtobuf } from "./protobuf.ts";
import { MalformedError, type RawResource, type RawSpan } from "./raw-span.ts";
import { type Receipt, receiptOf } from "./receipt.ts";
import type { Rejection } from "./rejection.ts";
import { addObservations, signOfLife } from "./to-observations.ts";

export type Encoding = "json" | "protobuf";

/** One message, as a door hands it over. */
export interface Delivery {
  encoding: Encoding;
  /** Given away: whoever hands it over does not read it afterwards. */
  body: Uint8Array;
  /** The one tenant that its sender speaks for; `null`: whichever its spans name. */
  tenant: string | null;
}

export interface Ingest {
  /**
   * Resolves when what is to be kept of it is durable; rejects when nothing of it is kept.
   *
   * @throws {WeirError} `invalid_argument` for what can't be parsed; `overloaded` or `unavailable` where it may be
   * sent again later.
   */
  take(delivery: Delivery): Promise<Receipt>;
  /** Which tenants came to limits of theirs, since it began. */
  limits(): Promise<LimitFigures>;
}

export interface IngestOptions {
  /** Resolves when the observations are durable; rejects when none of them is kept. */
  accept: (observations: Observation[]) => Promise<void>;
  /** What anyone may say. Default: everything. */
  admit?: Admit | undefined;
  /** Holds tenants to what they may use. Default: no limits. */
  limiter?: Limiter | undefined;
  /** Hears, in one line, what an operator should know. Default: nobody. */
  warn?: (line: string) => void;
}

/** An ingest that does its work where it is called. */
export function createIngest({ accept, admit, limiter, warn = () => {} }: IngestOptions): Ingest {
  return {
    async take({ encoding, body, tenant }) {
      let spans = decode(encoding, body);
      const { length } = spans;
      const mayBeSaid = tenant === null ? admit : allOf(onlyOf(tenant), admit);
      const admission = limiter?.admission();
      let kept = false;
      try {
        const understanding = new Understanding(mayBeSaid, admission);
        // As they came they are needed no longer: held until the commit, all of them would outlive the young garbage.
        spans = spans.filter((span) => !understanding.take(span));
        while (spans.length > 0) {
          await orLater(admission?.learn());
          spans = spans.filter((span) => !understanding.take(span));
        }
        const { observations, ignored, rejections, leftOut } = understanding;
        if (observations.length > 0) await orLater(accept(observations));
        kept = true;
        return receiptOf(length, ignored, rejections, [...leftOut, ...(admission?.leftOut ?? [])]);
      } finally {
        admission?.settle(kept);
      }
    },
    limits: async () => limiter?.reached.figures() ?? { reached: [], counts: new Map() },
  };

  /** What the store can't do now it may later: whatever the cause, the sender shall try again. */
  async function orLater(work: Promise<void> | undefined): Promise<void> {
    try {
      await work;
    } catch (cause) {
      if (cause instanceof WeirError && (cause.code === "unavailable" || cause.code === "overloaded"))
        throw cause;
      warn(`spans were not kept: ${detailOf(cause)}`);
      throw new WeirError("unavailable", "the store did not keep the spans; send them again", { cause });
    }
  }
}

const DECODERS: Record<Encoding, { decode: (body: Buffer) => RawSpan[]; contentType: string }> = {
  json: { decode: decodeJson, contentType: "application/json" },
  protobuf: { decode: decodeProtobuf, contentType: "application/x-protobuf" },
};

function decode(encoding: Encoding, body: Uint8Array): RawSpan[] {
  const { decode, contentType } = DECODERS[encoding];
  try {
    return decode(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause;
    const message = `the body is not ${contentType} of OTLP: ${cause.message}`;
    throw new WeirError("invalid_argument", message, { cause });
  }
}

/** What the spans say, each asked for itself whether it may. */
class Understanding {
  readonly observations: Observation[] = [];
  readonly rejections: Rejection[] = [];
  /** Spans that are none of Weir's. */
  ignored = 0;
  readonly #admit: Admit | undefined;
  readonly #admission: Admission | undefined;
  /** What the span at hand says. */
  readonly #said: Observation[] = [];
  readonly #resources = new Set<RawResource>();
  /** What was left out of spans that were taken: why → how often. */
  readonly leftOut = new Map<string, number>();
  /** Of the span at hand. */
  readonly #leftOutNow: string[] = [];
  readonly #leaveOut = (why: string) => void this.#leftOutNow.push(why);

  constructor(admit: Admit | undefined, admission: Admission | undefined) {
    this.#admit = admit;
    this.#admission = admission;
  }

  /** @returns whether it is dealt with; else it has to be asked about again once the admission has learned. */
  take(span: RawSpan): boolean {
    const said = this.#said;
    said.length = 0;
    this.#leftOutNow.length = 0;
    let outcome: ReturnType<typeof addObservations> | "later" = addObservations(span, said, this.#leaveOut);
    if (outcome === "taken") outcome = this.#admit?.(said) ?? this.#admission?.admit(said) ?? outcome;
    if (outcome === "later") return false;
    if (outcome === "taken" || outcome === "ignored")
      for (const observation of said) this.observations.push(observation);
    if (outcome === "taken")
      for (const why of this.#leftOutNow) this.leftOut.set(why, (this.leftOut.get(why) ?? 0) + 1);
    if (outcome === "taken" && !this.#resources.has(span.resource)) {
      this.#resources.add(span.resource);
      const life = signOfLife(span);
      if (life !== undefined) this.observations.push(life);
    }
    if (outcome === "ignored") this.ignored++;
    else if (outcome !== "taken") this.rejections.push(outcome);
    return true;
  }
}
