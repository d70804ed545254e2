/** What a program loads that imports an entry: a framework only with the entry that is for it. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { LoadedFile } from "../../bench/loaded.ts";
import manifest from "../package.json" with { type: "json" };

const LOADED = fileURLToPath(new URL("../../bench/loaded.ts", import.meta.url));
const API = ["@opentelemetry/api", "@opentelemetry/context-async-hooks"];
/** The exporter, and what it is made of. */
const EXPORT = [
  "@opentelemetry/core",
  "@opentelemetry/exporter-trace-otlp-http",
  "@opentelemetry/otlp-exporter-base",
  "@opentelemetry/otlp-transformer",
  "@opentelemetry/resources",
  "@opentelemetry/sdk-metrics",
  "@opentelemetry/semantic-conventions",
];

const PACKAGES: [entry: string, packages: string[]][] = [
  ["", [...API, ...EXPORT]],
  ["/attributes", []],
  ["/express", API],
  ["/fastify", [...API, "fastify-plugin"]],
  ["/bullmq", API],
  ["/fetch", API],
  ["/http", API],
  ["/durable", [...API, "devalue"]],
  ["/graph", [...API, "devalue"]],
  ["/workflow", [...API, "devalue"]],
  ["/react", ["react"]],
  ["/testing", [...API, ...EXPORT]],
];

test("each entry is in the list", () => {
  expect(PACKAGES.map(([entry]) => `.${entry}`)).toEqual(Object.keys(manifest.exports));
});

test.each(PACKAGES)("@weir/sdk%s", async (entry, packages) => {
  const module = import.meta.resolve(`@weir/sdk${entry}`);
  const { stdout } = await promisify(execFile)(process.execPath, [LOADED, module]);
  const files: LoadedFile[] = JSON.parse(stdout);
  const others = new Set(files.flatMap((file) => file.package ?? []));
  expect([...others].sort()).toEqual(packages.toSorted());
});
