import { defineConfig } from "vitest/config";

const OUTPUT = ["**/node_modules/**", "**/dist/**", "collector/page/**", ".toolchain/**"];

export default defineConfig({
  test: {
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
          // Each file starts a collector, Redis or a browser; side by side they would measure each other.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
