/** Reads a message where no limits are held: what it says, and what it would use of them. */
import type { Observation } from "../observation.ts";
import { admitFor } from "./admit.ts";
import type { Delivery } from "./delivery.ts";
import { type Need, Needs } from "./limits/needs.ts";
import { decode, Understanding } from "./reading.ts";
import { type Receipt, receiptOf } from "./receipt.ts";

export interface WholeMessage {
  observations: Observation[];
  needs: Need[];
  /** What its sender is told where all of that is kept. */
  receipt: Receipt;
}

/** @throws {WeirError} `invalid_argument` for what can't be parsed; `too_large`. */
export function readWhole(delivery: Delivery): WholeMessage {
  const needs = new Needs();
  const understanding = new Understanding(admitFor(delivery), needs);
  const spans = decode(delivery);
  for (const span of spans) understanding.take(span);
  const { observations, ignored, rejections, leftOut } = understanding;
  return {
    observations,
    needs: needs.all(),
    receipt: receiptOf(spans.length, ignored, rejections, [...leftOut]),
  };
}
