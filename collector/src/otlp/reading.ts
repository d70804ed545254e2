/** The bytes of a message → what its spans say, each asked for itself whether it may. Pure but for who is asked. */
import { WeirError } from "../errors.ts";
import type { Observation } from "../observation.ts";
import type { Admit } from "./admit.ts";
import type { Delivery, Encoding } from "./delivery.ts";
import { decodeJson } from "./json.ts";
import { decodeProtobuf } from "./protobuf.ts";
import { MalformedError, type RawResource, type RawSpan } from "./raw-span.ts";
import type { Rejection } from "./rejection.ts";
import { addObservations, signOfLife } from "./to-observations.ts";

const DECODERS: Record<Encoding, { read: (body: Buffer) => RawSpan[]; contentType: string }> = {
  json: { read: decodeJson, contentType: "application/json" },
  protobuf: { read: decodeProtobuf, contentType: "application/x-protobuf" },
};

/** @throws {WeirError} `invalid_argument` for what can't be parsed; `too_large`. */
export function decode({ encoding, body }: Pick<Delivery, "encoding" | "body">): RawSpan[] {
  const { read, contentType } = DECODERS[encoding];
  try {
    return read(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause;
    const message = `the body is not ${contentType} of OTLP: ${cause.message}`;
    throw new WeirError("invalid_argument", message, { cause });
  }
}

/** Who else is asked of what a span says, once it may be said at all. */
export interface Gate {
  /** `later`: nothing can be said of it yet. */
  admit(observations: readonly Observation[]): Rejection | "later" | undefined;
}

/** What the spans say, each asked for itself whether it may. */
export class Understanding {
  readonly observations: Observation[] = [];
  readonly rejections: Rejection[] = [];
  /** Spans that are none of Weir's. */
  ignored = 0;
  readonly #admit: Admit | undefined;
  readonly #gate: Gate | undefined;
  /** What the span at hand says. */
  readonly #said: Observation[] = [];
  readonly #resources = new Set<RawResource>();
  /** What was left out of spans that were taken: why → how often. */
  readonly leftOut = new Map<string, number>();
  /** Of the span at hand. */
  readonly #leftOutNow: string[] = [];
  readonly #leaveOut = (why: string) => void this.#leftOutNow.push(why);

  constructor(admit: Admit | undefined, gate: Gate | undefined) {
    this.#admit = admit;
    this.#gate = gate;
  }

  /** @returns whether it is dealt with; else it has to be asked about again once the gate has learned. */
  take(span: RawSpan): boolean {
    const said = this.#said;
    said.length = 0;
    this.#leftOutNow.length = 0;
    let outcome: ReturnType<typeof addObservations> | "later" = addObservations(span, said, this.#leaveOut);
    if (outcome === "taken") outcome = this.#admit?.(said) ?? this.#gate?.admit(said) ?? outcome;
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
