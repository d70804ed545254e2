import { expect, test } from "vitest";
import { datedChangelog } from "./dated-changelog.ts";

test("what is unreleased gets the version, and what was released stays", () => {
  const before = "# Changelog\n\n## Unreleased\n\n### Added\n\n- One\n\n## 0.1.0 – 2026-01-01\n\n- Two\n";
  const after = datedChangelog(before, "0.2.0", "2026-11-22");
  expect(after).toBe(before.replace("## Unreleased\n", "## Unreleased\n\n## 0.2.0 – 2026-11-22\n"));
  expect(() => datedChangelog(after, "0.3.0", "2026-11-23")).toThrow(/under ## Unreleased, got nothing/);
  expect(() => datedChangelog("# Changelog\n", "0.2.0", "2026-11-22")).toThrow(/got nothing/);
});
