/** For whoever keeps the process alive: `/healthz` says that it runs, `/readyz` that its store answers. */
import type { FastifyInstance } from "fastify";
import { WeirError } from "../errors.ts";
import type { Questions } from "../store.ts";
import { Liveness } from "./schemas.ts";

export function addHealth(app: FastifyInstance, store: Questions): void {
  const schema = { response: { 200: Liveness } };

  app.get("/healthz", { config: { access: "public" }, schema }, async () => ({ status: "ok" }));

  app.get("/readyz", { config: { access: "key" }, schema }, async () => {
    try {
      await store.tenants({ limit: 1 });
    } catch (cause) {
      throw new WeirError("unavailable", "the store does not answer", { cause });
    }
    return { status: "ready" };
  });
}
