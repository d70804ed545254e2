/**
 * What the doors hand on: the bytes of a message → spans → observations → the store, and what became of them.
 *
 * Bytes, not spans, and nothing but plain data, so that all of this can run on another thread than the doors: decoding
 * and folding are most of its work.
 */
import { detailOf, WeirError } from "../errors.ts";
import type { Observation } from "../observation.ts";
import { type Admit, allOf, onlyOf } from "./admit.ts";
import { decodeJson } from "./json.ts";
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
}

export interface IngestOptions {
  /** Resolves when the observations are durable; rejects when none of them is kept. */
  accept: (observations: Observation[]) => Promise<void>;
  /** What anyone may say. Default: everything. */
  admit?: Admit | undefined;
  /** Hears, in one line, what an operator should know. Default: nobody. */
  warn?: (line: string) => void;
}

/** An ingest that does its work where it is called. */
export function createIngest({ accept, admit, warn = () => {} }: IngestOptions): Ingest {
  return {
    async take({ encoding, body, tenant }) {
      const spans = decode(encoding, body);
      const mayBeSaid = tenant === null ? admit : allOf(onlyOf(tenant), admit);
      const { observations, ignored, rejections } = understand(spans, mayBeSaid);
      if (observations.length > 0) await keep(observations);
      return receiptOf(spans.length, ignored, rejections);
    },
  };

  /** What the store can't keep now it may later: whatever the cause, the sender shall try again. */
  async function keep(observations: Observation[]): Promise<void> {
    try {
      await accept(observations);
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
function understand(spans: RawSpan[], admit: Admit | undefined) {
  const observations: Observation[] = [];
  /** What the span at hand says. */
  const said: Observation[] = [];
  const rejections: Rejection[] = [];
  const resources = new Set<RawResource>();
  let ignored = 0;
  for (const span of spans) {
    said.length = 0;
    let outcome = addObservations(span, said);
    if (outcome === "taken") outcome = admit?.(said) ?? outcome;
    if (outcome === "taken" || outcome === "ignored") observations.push(...said);
    if (outcome === "taken" && !resources.has(span.resource)) {
      resources.add(span.resource);
      const life = signOfLife(span);
      if (life !== undefined) observations.push(life);
    }
    if (outcome === "ignored") ignored++;
    else if (outcome !== "taken") rejections.push(outcome);
  }
  return { observations, ignored, rejections };
}
