import { describe, expect, test } from "vitest";
import { formatDuration, formatElapsed } from "./duration.ts";
import { firstLine, formatShare, visible } from "./text.ts";
import { offsetFrom, relativeTime, utcTime } from "./time.ts";

describe("durations", () => {
  test.each([
    [-5, "0 ms"],
    [Number.NaN, "0 ms"],
    [0, "0 ms"],
    [0.42, "0.4 ms"],
    [1, "1 ms"],
    [999.4, "999 ms"],
    [999.6, "1.00 s"],
    [4210, "4.21 s"],
    [9_996, "10.0 s"],
    [59_949, "59.9 s"],
    [59_951, "1m 00s"],
    [185_000, "3m 05s"],
    [3_599_400, "59m 59s"],
    [3_599_600, "1h 00m"],
    [7_620_000, "2h 07m"],
    [86_400_000, "1d 0h"],
    [4 * 86_400_000 + 3 * 3_600_000, "4d 3h"],
  ])("%d ms is %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test("a running clock shows whole seconds and never runs ahead", () => {
    expect(formatElapsed(-1)).toBe("0 s");
    expect(formatElapsed(999)).toBe("0 s");
    expect(formatElapsed(1999)).toBe("1 s");
    expect(formatElapsed(59_999)).toBe("59 s");
    expect(formatElapsed(60_999)).toBe("1m 00s");
  });
});

describe("times", () => {
  const at = "2026-11-22T10:42:03.210Z";
  const then = Date.parse(at);
  test.each([
    [-60_000, "now"],
    [1_999, "now"],
    [12_000, "12 s ago"],
    [119_000, "1 min ago"],
    [3 * 3_600_000, "3 h ago"],
    [47 * 3_600_000, "47 h ago"],
    [4 * 86_400_000, "4 d ago"],
  ])("after %d ms: %s", (later, text) => {
    expect(relativeTime(at, then + later)).toBe(text);
  });

  test("UTC keeps the milliseconds", () => {
    expect(utcTime(at)).toBe("2026-11-22 10:42:03.210 UTC");
  });

  test("an offset has a sign", () => {
    expect(offsetFrom(at, "2026-11-22T10:42:04.460Z")).toBe("+1.25 s");
    expect(offsetFrom(at, "2026-11-22T10:42:03.200Z")).toBe("−10 ms");
  });
});

describe("text", () => {
  test("a row takes the first line that says something", () => {
    expect(firstLine("\n  bad row 7\nat line 3")).toBe("bad row 7");
    expect(firstLine("abcdef", 3)).toBe("abc…");
    expect(firstLine("")).toBe("");
  });

  test.each([
    [0, "0 %"],
    [0.004, "0.4 %"],
    [0.03, "3 %"],
    [0.0996, "10 %"],
    [0.124, "12 %"],
    [1, "100 %"],
  ])("a share of %d is %s", (share, text) => {
    expect(formatShare(share)).toBe(text);
  });

  test("a blank name can be seen", () => {
    expect(visible("  ")).toBe("(blank)");
    expect(visible("\u200b\u2060")).toBe("(blank)");
    expect(visible("acme")).toBe("acme");
    expect(visible("استيراد")).toBe("استيراد");
    expect(visible("evil\u202emoc.emca")).toBe("evil\ufffdmoc.emca");
  });
});
