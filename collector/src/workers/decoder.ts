/** The thread that decodes: bytes of a message → observations → what they amount to, as bytes for the one that writes. */
import { setImmediate as turn } from "node:timers/promises";
import { gather } from "../fold/index.ts";
import type { Delivery } from "../otlp/delivery.ts";
import { readWhole } from "../otlp/whole.ts";
import { serveCalls } from "../threads/serve-calls.ts";
import { type DecoderCalls, type StoreData, shorten } from "./calls.ts";
import { type MessageTexts, packMessage } from "./folded-message.ts";
import { openTexts } from "./texts-seen.ts";

serveCalls<StoreData, DecoderCalls>(({ path }) => {
  const texts = openTexts(path);
  let last: Promise<unknown> = Promise.resolve();
  return {
    calls: {
      /** One after the other, each handed on before the next is begun: so the thread that writes can begin. */
      fold(delivery, body) {
        const folded = last
          .then(() => turn())
          .then((): [Uint8Array, Uint8Array] => [fold({ ...delivery, body }, texts), body]);
        last = folded.catch(() => {});
        return folded;
      },
    },
    close: async () => texts.close(),
  };
});

function fold(delivery: Delivery, texts: MessageTexts): Uint8Array {
  const { observations, needs, receipt } = readWhole(delivery);
  return packMessage({
    receipt: shorten(receipt),
    needs,
    observations: observations.length,
    gathered: gather(observations),
    texts,
  });
}
