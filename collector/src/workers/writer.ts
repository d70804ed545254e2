/** The thread that writes: bytes of requests → spans → observations → folded state → disk. */
import type { Observation } from "../observation.ts";
import { createIngest } from "../otlp/ingest.ts";
import { openSqliteStore } from "../sqlite/index.ts";
import { serveCalls } from "../threads/serve-calls.ts";
import { clockOf, type StoreData, shorten, type WriterCalls } from "./calls.ts";
import { inGroups } from "./groups.ts";
import { Telling } from "./telling.ts";

serveCalls<StoreData, WriterCalls>(({ path, clock, durability }, warn) => {
  const store = openSqliteStore({ path, durability, ...clockOf(clock) });
  const telling = new Telling((...listeners) => store.onChange(...listeners));
  const append = async (observations: Observation[]) => {
    await store.append(observations);
    telling.committed();
  };
  const ingest = inGroups(createIngest({ accept: append, warn }));
  return {
    calls: {
      take: async (delivery, body) => shorten(await ingest.take({ ...delivery, body })),
      append,
      prune: (query) => store.prune(query),
      news: (askedAt) => telling.news(askedAt),
      rest: async () => telling.rest(),
    },
    close: () => store.close(),
  };
});
