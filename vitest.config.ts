import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const OUTPUT = ["**/node_modules/**", "**/dist/**", "collector/page/**", ".toolchain/**"];

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
          testTimeout: 10_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["e2e/**/*.test.ts"],
          exclude: OUTPUT,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
