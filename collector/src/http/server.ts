/** `GET /api/v1/server`: how the collector itself is, for whoever keeps it. Figures that are kept anyway: nothing is scanned. */
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import type { Limits } from "../limits.ts";
import type { HistogramFigures, Store } from "../store.ts";
import { time } from "./present.ts";
import { noQuery } from "./query.ts";
import * as schemas from "./schemas.ts";

/** How the server was started. */
export interface Serving {
  kind: "sqlite" | "memory";
  /** `null` where nothing is written. */
  durability: "full" | "normal" | null;
  /** Milliseconds after its end that a flow is kept; `null`: for ever. */
  retention: { everyone: number | null; tenants: ReadonlyMap<string, number | null> };
  limits: Limits;
}

/** A thread, and how many calls it has in hand. */
export interface ThreadFigures {
  name: string;
  waiting: number;
}

interface ServerSources {
  version: string;
  store: Pick<Store, "figures">;
  serving: Serving;
  threads: () => ThreadFigures[];
  queue: () => { requests: number; bytes: number; waitMs: number };
  openStreams: () => number;
}

export function addServer(app: FastifyInstance, sources: ServerSources): void {
  const { version, store, serving, threads, queue, openStreams } = sources;
  const startedAt = (Date.now() - process.uptime() * 1000) * 1000;
  const api = app.withTypeProvider<TypeBoxTypeProvider>();
  const schema = {
    summary: "How the collector itself is",
    querystring: noQuery.schema,
    response: { 200: schemas.Server },
  };
  const route = { config: { access: "read-all" }, schema } as const;
  api.get("/api/v1/server", route, async ({ query }, reply): Promise<schemas.Server> => {
    noQuery.read(query);
    reply.header("cache-control", "no-store");
    const { flows, sizeBytes, commitSeconds, failedCommits, observations } = await store.figures();
    const { kind, durability, retention, limits } = serving;
    return {
      version,
      node: process.versions.node,
      startedAt: time(startedAt),
      memoryBytes: process.memoryUsage.rss(),
      store: { kind, durability, sizeBytes, flows },
      commits: {
        count: commitSeconds.counts.reduce((sum, count) => sum + count, 0),
        failed: failedCommits,
        observations,
        p50Ms: withinMs(commitSeconds, 0.5),
        p99Ms: withinMs(commitSeconds, 0.99),
      },
      threads: threads(),
      queue: queue(),
      openStreams: openStreams(),
      retention: {
        everyoneMs: retention.everyone,
        tenants: [...retention.tenants].map(([tenant, ageMs]) => ({ tenant, ageMs })),
      },
      limits,
    };
  });
}

/** Milliseconds within which this share of them lay: the bound of a bucket; `null` beyond the last, and where there is none. */
function withinMs({ bounds, counts }: HistogramFigures, share: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (const [at, bound] of bounds.entries()) {
    seen += counts[at] as number;
    if (total > 0 && seen >= total * share) return bound * 1000;
  }
  return null;
}
