import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { isPublished } from "./is-published.ts";

/** A registry that has one version of one package. */
const registry = createServer((request, response) => {
  const manifest = { name: "@weir/sdk", version: "0.1.0" };
  const found = decodeURIComponent(request.url ?? "") === "/@weir/sdk";
  response.writeHead(found ? 200 : 404, { "content-type": "application/json" });
  response.end(
    JSON.stringify(
      found
        ? { name: "@weir/sdk", "dist-tags": { latest: "0.1.0" }, versions: { "0.1.0": manifest } }
        : { error: "not found" },
    ),
  );
});

beforeAll(async () => {
  await once(registry.listen(0, "127.0.0.1"), "listening");
});
afterEach(() => {
  vi.unstubAllEnvs();
});
afterAll(() => {
  registry.closeAllConnections();
  registry.close();
});

test("a version that is there is told from one that is not, and from a package of which there is none", async () => {
  vi.stubEnv("npm_config_registry", `http://127.0.0.1:${(registry.address() as AddressInfo).port}/`);
  const asked = ["@weir/sdk@0.1.0", "@weir/sdk@0.2.0", "@weir/collector@0.1.0"];
  expect(await Promise.all(asked.map(isPublished))).toEqual([true, false, false]);
});
