import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { withLock } from "./lock.mjs";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weir-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("one after the other", async () => {
  const lock = join(folder, "lock");
  const order: string[] = [];
  const work = (name: string) => async () => {
    order.push(`${name} starts`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    order.push(`${name} ends`);
  };
  await Promise.all([withLock(lock, work("a")), withLock(lock, work("b"))]);
  expect(order).toEqual(["a starts", "a ends", "b starts", "b ends"]);
});

test("released when the work throws", async () => {
  const lock = join(folder, "lock");
  const broken = withLock(lock, () => Promise.reject(new Error("disk full")));
  await expect(broken).rejects.toThrow("disk full");
  expect(existsSync(lock)).toBe(false);
});

test("taken over from a process that is gone", async () => {
  const lock = join(folder, "lock");
  mkdirSync(lock);
  utimesSync(lock, new Date(0), new Date(0));
  expect(await withLock(lock, async () => "done")).toBe("done");
});

test("the one that waits is told once", async () => {
  const lock = join(folder, "lock");
  let told = 0;
  const slow = withLock(lock, () => new Promise((resolve) => setTimeout(resolve, 500)));
  await withLock(
    lock,
    async () => {},
    () => {
      told++;
    },
  );
  await slow;
  expect(told).toBe(1);
});
