import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CHROMIUM, findSystemPart } from "./system-parts.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-parts-"));
const program = join(folder, "google-chrome");
beforeAll(() => {
  writeFileSync(program, "");
  chmodSync(program, 0o755);
  writeFileSync(join(folder, "chromium"), "not a program");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("by any of its names on the PATH", () => {
  expect(findSystemPart(CHROMIUM, { PATH: `/nowhere:${folder}` })).toBe(program);
});

test("by its variable first", () => {
  expect(findSystemPart(CHROMIUM, { PATH: "/usr/bin:/bin", WEIR_CHROMIUM: program })).toBe(program);
});

test("a variable that names no program is not made good by the PATH", () => {
  expect(findSystemPart(CHROMIUM, { PATH: folder, WEIR_CHROMIUM: join(folder, "chromium") })).toBeUndefined();
});

test("nowhere", () => {
  expect(findSystemPart(CHROMIUM, { PATH: "/nowhere" })).toBeUndefined();
});

test("off the PATH, where its package puts it", () => {
  const part = { ...CHROMIUM, folders: () => ["/nowhere", folder] };
  expect(findSystemPart(part, { PATH: "/nowhere" })).toBe(program);
  expect(findSystemPart(CHROMIUM, { PATH: "/nowhere" })).toBeUndefined();
});
