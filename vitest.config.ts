import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const OUTPUT = ["**/node_modules/**", "**/dist/**", "collector/page/**", ".toolchain/**"];

/** A machine may be several times as slow as ours, and busy: what is waited for is there or not, however long it takes. */
const PATIENT = { poll: { timeout: 10_000 } };

export default defineConfig({
  test: {
    // Much of a test is waiting for processes that it started: two files at once pay on two cores as well.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      {
        test: {
          name: "unit",
          include: ["{sdk,collector,ui,scripts}/**/*.test.{ts,tsx}"],
          exclude: OUTPUT,
          testTimeout: 30_000,
          expect: PATIENT,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["e2e/**/*.test.ts"],
          exclude: OUTPUT,
          testTimeout: 60_000,
          expect: PATIENT,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
