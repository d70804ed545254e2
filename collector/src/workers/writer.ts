/** The thread that writes: bytes of small requests, or what others amount to → folded state → disk. */
import { createIngest } from "../otlp/ingest.ts";
import { createKeeper } from "../otlp/keeper.ts";
import { limiterOf } from "../otlp/limits/limiter.ts";
import { release } from "../own-bytes.ts";
import { openSqliteStore } from "../sqlite/index.ts";
import { serveCalls } from "../threads/serve-calls.ts";
import { clockOf, type StoreData, shorten, type WriterCalls } from "./calls.ts";
import { type FoldedMessage, unpackMessage } from "./folded-message.ts";
import { inGroups } from "./groups.ts";
import { Telling } from "./telling.ts";

serveCalls<StoreData, WriterCalls>(({ path, clock, durability, stalledAfter, limits }, warn) => {
  const store = openSqliteStore({ path, durability, stalledAfter, ...clockOf(clock) });
  const telling = new Telling((...listeners) => store.onChange(...listeners));
  const committed =
    <T>(append: (what: T) => Promise<void>) =>
    async (what: T) => {
      await append(what);
      telling.committed();
    };
  const append = committed(store.append);
  const { now = () => Date.now() * 1000 } = clockOf(clock);
  const limiter = limiterOf(limits, store, now);
  const ingest = createIngest({ accept: append, limiter, warn });
  const keeper = createKeeper<FoldedMessage>({ accept: committed(store.appendFolded), limiter, warn });
  const inGroup = inGroups();
  return {
    calls: {
      take: (delivery, body) =>
        inGroup({ form: delivery.encoding, bytes: body.length }, async () =>
          shorten(await ingest.take({ ...delivery, body })),
        ),
      keep: (_, bytes) =>
        inGroup({ form: "folded", bytes: bytes.length }, async () => {
          const message = unpackMessage(bytes);
          const kept = await keeper.keep(message);
          // Rows were written from parts of it, and each part would hold all of it until it is collected.
          release(bytes);
          return kept ? message.receipt : null;
        }),
      append,
      prune: (query) => store.prune(query),
      checkWritable: () => store.checkWritable(),
      commits: async () => store.commits(),
      limits: () => ingest.limits(),
      news: (askedAt) => telling.news(askedAt),
      rest: async () => telling.rest(),
    },
    close: () => store.close(),
  };
});
