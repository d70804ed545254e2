/** The thread that writes: bytes of requests → spans → observations → folded state → disk. */
import type { Observation } from "../observation.ts";
import { createIngest } from "../otlp/ingest.ts";
import { limiterOf } from "../otlp/limits/limiter.ts";
import { openSqliteStore } from "../sqlite/index.ts";
import { serveCalls } from "../threads/serve-calls.ts";
import { clockOf, type StoreData, shorten, type WriterCalls } from "./calls.ts";
import { inGroups } from "./groups.ts";
import { Telling } from "./telling.ts";

serveCalls<StoreData, WriterCalls>(({ path, clock, durability, stalledAfter, limits }, warn) => {
  const store = openSqliteStore({ path, durability, stalledAfter, ...clockOf(clock) });
  const telling = new Telling((...listeners) => store.onChange(...listeners));
  const append = async (observations: Observation[]) => {
    await store.append(observations);
    telling.committed();
  };
  const { now = () => Date.now() * 1000 } = clockOf(clock);
  const ingest = createIngest({ accept: append, limiter: limiterOf(limits, store, now), warn });
  const groups = inGroups(ingest);
  return {
    calls: {
      take: async (delivery, body) => shorten(await groups.take({ ...delivery, body })),
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
