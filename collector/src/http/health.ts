/** For whoever keeps the process alive: `/healthz` says that it runs, `/readyz` that its store can be written. */
import type { FastifyInstance } from "fastify";
import { WeirError } from "../errors.ts";
import type { Store } from "../store.ts";
import { Liveness } from "./schemas.ts";

/** However often somebody asks, the store is tried once in this time. */
const FRESH_MS = 1_000;

export function addHealth(app: FastifyInstance, store: Pick<Store, "checkWritable">): void {
  const response = { 200: Liveness };
  const checkWritable = onceIn(FRESH_MS, () => store.checkWritable());

  const runs = { summary: "Whether the collector runs", response };
  app.get("/healthz", { config: { access: "public" }, schema: runs }, async () => ({ status: "ok" }));

  const ready = { summary: "Whether its store can be written", response };
  app.get("/readyz", { config: { access: "key" }, schema: ready }, async (_request, reply) => {
    reply.header("cache-control", "no-store");
    try {
      await checkWritable();
    } catch (cause) {
      if (cause instanceof WeirError) throw cause;
      throw new WeirError("unavailable", "the store does not answer; the log says why", { cause });
    }
    return { status: "ready" };
  });
}

/** All who ask while it is fresh share one answer, or one failure. */
function onceIn(ms: number, ask: () => Promise<void>): () => Promise<void> {
  let answer: Promise<void> | undefined;
  let freshUntil = 0;
  return () => {
    if (answer !== undefined && performance.now() < freshUntil) return answer;
    freshUntil = Number.POSITIVE_INFINITY;
    answer = ask().finally(() => {
      freshUntil = performance.now() + ms;
    });
    return answer;
  };
}
