/** A thread that answers questions, on a connection of its own: a slow one keeps neither ingest nor the doors waiting. */
import { answersOf } from "../http/answers.ts";
import { openSqliteStore } from "../sqlite/index.ts";
import { serveCalls } from "../threads/serve-calls.ts";
import { clockOf, type ReaderCalls, type StoreData } from "./calls.ts";
import { KeptStages } from "./kept-stages.ts";

serveCalls<StoreData, ReaderCalls>(({ path, clock, stalledAfter }) => {
  const store = openSqliteStore({ path, stalledAfter, upkeep: false, ...clockOf(clock) });
  const answers = answersOf(store);
  const stages = new KeptStages(answers);
  return {
    calls: {
      tenants: (query) => store.tenants(query),
      flows: (query) => store.flows(query),
      count: (filter) => store.count(filter),
      flow: (key) => store.flow(key),
      stats: (query) => store.stats(query),
      errors: (query) => store.errors(query),
      histogram: (query) => store.histogram(query),
      stuck: (query) => store.stuck(query),
      names: (tenant) => store.names(tenant),
      labels: (tenant) => store.labels(tenant),
      answer: ({ question, asked, sees }) => answers.to(question, asked, sees),
      flowBytes: ({ key, sees }) => answers.flow(key, sees),
      outlineBytes: (asked) => stages.outline(asked),
      wholeBytes: (number) => stages.whole(number),
      has: (key) => store.has(key),
      usage: ({ tenant, atMost }) => store.usage(tenant, atMost),
      figures: () => store.figures(),
    },
    close: () => store.close(),
  };
});
