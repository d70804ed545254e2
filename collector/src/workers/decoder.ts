/** The thread that decodes: bytes of a message → observations → what they amount to, as bytes for the one that writes. */
import { setImmediate as turn } from "node:timers/promises";
import { gather } from "../fold/index.ts";
import { admitFor } from "../otlp/admit.ts";
import type { Delivery } from "../otlp/delivery.ts";
import { Claims } from "../otlp/limits/claims.ts";
import { decode, Understanding } from "../otlp/reading.ts";
import { receiptOf } from "../otlp/receipt.ts";
import { serveCalls } from "../threads/serve-calls.ts";
import { type DecoderCalls, shorten } from "./calls.ts";
import { packMessage } from "./folded-message.ts";

serveCalls<undefined, DecoderCalls>(() => {
  let last: Promise<unknown> = Promise.resolve();
  return {
    calls: {
      /** One after the other, each handed on before the next is begun: so the thread that writes can begin. */
      fold(delivery, body) {
        const folded = last.then(() => turn()).then(() => [fold({ ...delivery, body }), body]);
        last = folded.catch(() => {});
        return folded;
      },
    },
    close: async () => {},
  };
});

function fold(delivery: Delivery): Uint8Array {
  const claims = new Claims();
  const understanding = new Understanding(admitFor(delivery), claims);
  const spans = decode(delivery);
  for (const span of spans) understanding.take(span);
  const { observations, ignored, rejections, leftOut } = understanding;
  return packMessage({
    receipt: shorten(receiptOf(spans.length, ignored, rejections, [...leftOut])),
    claims: claims.all(),
    observations: observations.length,
    gathered: gather(observations),
  });
}
