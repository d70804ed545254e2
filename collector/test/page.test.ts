import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { createApp } from "./created-app.ts";
import { createFakeStore } from "./fake-store.ts";

const dir = mkdtempSync(join(tmpdir(), "weir-page-"));
const app = createApp({ store: createFakeStore(), pageDir: dir });
afterAll(async () => {
  await app.close();
  rmSync(dir, { recursive: true });
});

test("until it is built, a page says how to build it", async () => {
  const response = await app.inject("/tenants/acme-corp");
  expect(response.statusCode).toBe(200);
  expect(response.headers["content-type"]).toContain("text/html");
  expect(response.body).toContain("pnpm --filter @weir/ui build");
});

test("any path that is no file is the page; files are themselves; what is missing is 404", async () => {
  mkdirSync(join(dir, "assets"));
  writeFileSync(join(dir, "index.html"), "<title>The page</title>");
  writeFileSync(join(dir, "assets", "main-abc123.js"), "export {};");

  for (const path of [
    "/",
    "/tenants/acme-corp",
    "/tenants/a.b/flows/c.js?x=1",
    "/index.html",
    "/apitest",
    "/v1x",
  ]) {
    const response = await app.inject(path);
    expect([path, response.statusCode, response.body]).toEqual([path, 200, "<title>The page</title>"]);
    expect(response.headers["cache-control"]).toBe("no-cache");
    expect(response.headers["content-type"]).toContain("text/html");
  }
  const asset = await app.inject("/assets/main-abc123.js");
  expect(asset.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
  expect(asset.headers["content-type"]).toContain("javascript");

  expect((await app.inject("/assets/main-old.js")).statusCode).toBe(404);
  expect((await app.inject({ method: "POST", url: "/tenants" })).statusCode).toBe(404);
  expect((await app.inject({ method: "HEAD", url: "/tenants" })).statusCode).toBe(200);
});

test("a file that the build has compressed is sent so to who takes it", async () => {
  writeFileSync(join(dir, "assets", "large-abc123.js"), "export {};");
  writeFileSync(join(dir, "assets", "large-abc123.js.gz"), gzipSync("export {};"));
  const url = "/assets/large-abc123.js";
  const small = await app.inject({ url, headers: { "accept-encoding": "gzip, deflate" } });
  expect(small.headers).toMatchObject({ "content-encoding": "gzip", vary: "accept-encoding" });
  expect(small.headers["content-type"]).toContain("javascript");
  expect(small.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
  expect(gunzipSync(small.rawPayload).toString()).toBe("export {};");

  const plain = await app.inject(url);
  expect(plain.headers["content-encoding"]).toBeUndefined();
  expect(plain.body).toBe("export {};");
});

test("nothing outside its folder is served", async () => {
  for (const path of [
    "/../package.json",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/assets/..%2f..%2fetc%2fpasswd",
    "/.git/config",
  ]) {
    const { body } = await app.inject(path);
    expect(body).not.toMatch(/root:|"name":|\[core\]/);
  }
});
