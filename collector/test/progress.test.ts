import { expect, test } from "vitest";
import { bytesText, flowsText, Progress } from "../src/progress.ts";

function progressOn({ isTTY, total }: { isTTY: boolean; total: number | undefined }) {
  let now = 0;
  let written = "";
  const out = {
    isTTY,
    write(text: string) {
      written += text;
    },
  };
  const progress = new Progress({ doing: "deleting", total, show: String, out, now: () => now });
  const step = (amount: number, ms: number) => {
    now += ms;
    progress.add(amount);
  };
  return { progress, step, written: () => written };
}

test("on a terminal it is a bar in one line, which goes away", () => {
  const { progress, step, written } = progressOn({ isTTY: true, total: 200 });
  step(50, 100);
  step(1, 10);
  expect(written()).toBe(`\rdeleting ${"█".repeat(6)}${"░".repeat(18)} 50 of 200\x1b[K`);
  progress.end();
  expect(written().endsWith("\r\x1b[K")).toBe(true);
});

test("elsewhere it is a line now and then, and nothing for what is done at once", () => {
  const { progress, step, written } = progressOn({ isTTY: false, total: 200 });
  step(10, 1000);
  step(40, 4000);
  step(10, 1000);
  progress.end();
  expect(written()).toBe("weir: deleting: 50 of 200 (25 %)\n");
});

test("with no total it tells what is done; with too small a one it stays at the end", () => {
  const unknown = progressOn({ isTTY: false, total: undefined });
  unknown.step(7, 5000);
  expect(unknown.written()).toBe("weir: deleting: 7\n");
  const short = progressOn({ isTTY: false, total: 5 });
  short.step(7, 5000);
  expect(short.written()).toBe("weir: deleting: 5 of 5 (100 %)\n");
});

test("amounts are told as people say them", () => {
  expect([0, 999, 1000, 1_250_000, 3e12].map(bytesText)).toEqual([
    "0 bytes",
    "999 bytes",
    "1.0 KB",
    "1.3 MB",
    "3.0 TB",
  ]);
  expect([flowsText(1), flowsText(1234)]).toEqual(["1 flow", "1,234 flows"]);
});
