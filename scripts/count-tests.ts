import { existsSync, readFileSync } from "node:fs";

export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The part of vitest's JSON report that counting needs. */
interface Report {
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/**
 * Counts the tests in a report of vitest's `json` reporter.
 *
 * A file that failed without a failed test in it (it could not be loaded, a hook threw) counts as one failed test,
 * and so does a run that ended badly with nothing failed in the report: a failure is never counted as none.
 *
 * @param report path of the report; it may be missing when vitest could not start
 * @param exitCode what vitest ended with
 * @example countTests("report.json", 0); // { passed: 12, failed: 0, skipped: 0 }
 */
export function countTests(report: string, exitCode: number): Count {
  const files = existsSync(report) ? (JSON.parse(readFileSync(report, "utf8")) as Report).testResults : [];
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const file of files) {
    const statuses = file.assertionResults.map((test) => test.status);
    const failed = statuses.filter((status) => status === "failed").length;
    const passed = statuses.filter((status) => status === "passed").length;
    count.passed += passed;
    count.skipped += statuses.length - passed - failed;
    count.failed += file.status === "failed" ? Math.max(failed, 1) : failed;
  }
  if (exitCode !== 0 && count.failed === 0) count.failed = 1;
  return count;
}

/**
 * The line that ends `npm test`.
 *
 * @example countLine({ passed: 12, failed: 0, skipped: 0 }); // "12 passed, 0 failed"
 */
export function countLine({ passed, failed, skipped }: Count): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
