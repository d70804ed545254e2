/** The description of the API: whether it is OpenAPI, whether it is whole, and its page. What is answered is held against it in all other tests. */
import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { OpenApi, Operation } from "../src/http/openapi-types.ts";
import { type Guarded, startGuarded } from "./access-support.ts";

let weir: Guarded;
let admin: string;
let document: OpenApi;

beforeAll(async () => {
  weir = await startGuarded("never");
  admin = await weir.key("admin");
  document = (await (await weir.fetch("/api/v1/openapi.json", admin)).json()) as OpenApi;
});
afterAll(() => weir.close());

function operations(): [route: string, operation: Operation][] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  );
}

test("is OpenAPI 3.1", async () => {
  expect(await new Validator().validate({ ...document })).toEqual({ valid: true });
  expect(document.openapi).toBe("3.1.0");
});

test("has every route of the API, and what machines ask", () => {
  const routes = weir.app.routeRules
    .filter(
      ({ url, config }) => /^\/(api|healthz|readyz|metrics)/.test(url) && config?.refusesMethod !== true,
    )
    .flatMap(({ method, url }) =>
      [method].flat().map((each) => `${each} ${url.replaceAll(/:(\w+)/g, "{$1}")}`),
    )
    .filter((route) => !route.startsWith("HEAD "));
  expect(
    operations()
      .map(([route]) => route)
      .sort(),
  ).toEqual([...new Set(routes)].sort());
});

test("says of each operation, in words and once, what it is", () => {
  const ids = operations().map(([, { operationId }]) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [route, { summary, description, tags }] of operations()) {
    expect([route, summary.length > 2, description.length > 2, tags.length]).toEqual([route, true, true, 1]);
  }
});

test("names every reference it makes", () => {
  const text = JSON.stringify(document);
  const { schemas, responses } = document.components;
  for (const [, kind, name] of text.matchAll(/"#\/components\/(schemas|responses)\/(\w+)"/g)) {
    expect(Object.hasOwn(kind === "schemas" ? schemas : responses, name as string)).toBe(true);
  }
});

test("who may ask is what its routes say", async () => {
  for (const [route, { security }] of operations()) {
    const [method, path = ""] = route.split(" ");
    const { status } = await weir.fetch(path.replaceAll(/\{\w+\}/g, "x"), undefined, {
      method: method as string,
    });
    expect([route, status === 401]).toEqual([route, security.length > 0]);
  }
});

test("a parameter that it does not have is refused by name, on every route of the API", async () => {
  for (const [route] of operations()) {
    const [method, path = ""] = route.split(" ");
    if (!path.startsWith("/api/v1")) continue;
    const response = await weir.fetch(`${path.replaceAll(/\{\w+\}/g, "x")}?nonsense=1`, admin, {
      method: method as string,
    });
    const { error } = (await response.json()) as { error: { message: string } };
    // Who has no link is told nothing about its parameters.
    if (path.startsWith("/api/v1/shared/") && response.status === 404) continue;
    expect([route, response.status, error.message]).toEqual([
      route,
      400,
      expect.stringContaining('unknown parameter "nonsense"'),
    ]);
  }
});

test("a parameter that it has is taken, and one value of it that is wrong refused by name", async () => {
  for (const [route, { parameters = [] }] of operations()) {
    const [, path = ""] = route.split(" ");
    for (const { name, in: place, explode } of parameters) {
      if (place !== "query") continue;
      const query = `${encodeURIComponent(explode ? "label.x" : name)}=${"x".repeat(2_000)}`;
      const response = await weir.fetch(`${path.replaceAll(/\{\w+\}/g, "x")}?${query}`, admin);
      const { error } = (await response.json()) as { error: { message: string } };
      if (response.status === 404) continue;
      expect([route, name, response.status]).toEqual([route, name, 400]);
      expect(error.message).toMatch(new RegExp(`^${explode ? "label\\.x" : name}: expected `));
    }
  }
});

test("the page shows each operation and each kind of data, with nothing from elsewhere and no script", async () => {
  const response = await weir.fetch("/docs", undefined, { headers: { accept: "text/html" } });
  expect(response.status).toBe(303);
  const form = new URLSearchParams({ key: admin });
  const login = await weir.fetch("/login", undefined, { method: "POST", body: form });
  const cookie = login.headers.get("set-cookie")?.split(";")[0] as string;
  const page = await (await weir.fetch("/docs", undefined, { headers: { cookie } })).text();
  for (const [, { operationId }] of operations()) expect(page).toContain(`<article id="${operationId}">`);
  for (const name of Object.keys(document.components.schemas))
    expect(page).toContain(`<article id="${name}">`);
  for (const [, target] of page.matchAll(/href="#([^"]+)"/g)) expect(page).toContain(`id="${target}"`);
  expect(page).not.toMatch(/<script|style="|https?:\/\//);
  const style = await weir.fetch("/docs.css");
  expect(style.headers.get("content-type")).toBe("text/css; charset=utf-8");
});

test("the same document with and without keys", async () => {
  const open = await startGuarded("always");
  expect(await (await open.fetch("/api/v1/openapi.json")).json()).toEqual(document);
  expect((await open.fetch("/docs")).status).toBe(200);
  await open.close();
});
