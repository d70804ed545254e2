import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { countLine, countTests } from "./count-tests.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-count-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface File {
  status: string;
  tests: string[];
}

function line(files: File[], exitCode: number): string {
  const report = join(folder, "report.json");
  const testResults = files.map((file) => ({
    status: file.status,
    assertionResults: file.tests.map((status) => ({ status })),
  }));
  writeFileSync(report, JSON.stringify({ testResults }));
  return countLine(countTests(report, exitCode));
}

test("counts over all files", () => {
  const files = [
    { status: "passed", tests: ["passed", "passed"] },
    { status: "failed", tests: ["passed", "failed"] },
  ];
  expect(line(files, 1)).toBe("3 passed, 1 failed");
});

test("names skipped tests only when there are any", () => {
  expect(line([{ status: "passed", tests: ["passed", "skipped", "todo"] }], 0)).toBe(
    "1 passed, 0 failed, 2 skipped",
  );
});

test("a file that could not be loaded is one failed test", () => {
  expect(line([{ status: "failed", tests: [] }], 1)).toBe("0 passed, 1 failed");
});

test("a hook that threw after the tests passed is one failed test", () => {
  expect(line([{ status: "failed", tests: ["passed"] }], 1)).toBe("1 passed, 1 failed");
});

test("a bad end that no test explains is one failed test", () => {
  expect(line([{ status: "passed", tests: ["passed"] }], 1)).toBe("1 passed, 1 failed");
});

test("no report at all is one failed test", () => {
  expect(countTests(join(folder, "missing.json"), 1)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});
