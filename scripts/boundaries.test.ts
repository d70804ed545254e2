import { execFile } from "node:child_process";
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT } from "./run.ts";

/** A file, one import in it, and a piece of the message that must meet it; no piece: the import is allowed. */
type Case = readonly [file: string, statement: string, message?: string];

const CASES: readonly Case[] = [
  ["sdk/src/attributes.ts", `import { now } from "./clock.ts";`, "A leaf of the SDK"],
  ["sdk/src/clock.ts", `import { ATTR } from "@weir/sdk/attributes";`, "A leaf of the SDK"],
  ["sdk/src/errors.ts", `import { types } from "node:util";`],
  ["sdk/src/flow.ts", `import { withExpress } from "./adapters/express.ts";`, "The SDK's core imports"],
  ["sdk/src/flow.ts", `import { createScope } from "./durable/index.ts";`, "The SDK's core imports"],
  ["sdk/src/flow.ts", `import { Store } from "@weir/collector/schemas";`, "The SDK's core imports"],
  ["sdk/src/step.ts", `import { Tracer } from "@opentelemetry/sdk-trace";`, "Only sdk/src/setup.ts"],
  ["sdk/src/step.ts", `import { trace } from "@opentelemetry/api";`],
  ["sdk/src/step.ts", `import { ATTR } from "./attributes.ts";`],
  ["sdk/src/setup.ts", `import { Tracer } from "@opentelemetry/sdk-trace";`],
  ["sdk/src/setup.ts", `import { withExpress } from "./adapters/express.ts";`, "The SDK's core imports"],
  [
    "sdk/src/adapters/express.ts",
    `import { withFastify } from "./fastify.ts";`,
    "never imports another adapter",
  ],
  ["sdk/src/adapters/express.ts", `import { run } from "../run/run.ts";`, "never a runtime"],
  ["sdk/src/adapters/express.ts", `import { Tracer } from "@opentelemetry/core";`, "Only sdk/src/setup.ts"],
  ["sdk/src/adapters/express.ts", `import { flow } from "../flow.ts";`],
  ["sdk/src/testing.ts", `import { TestClock } from "./testing/clock.ts";`],
  ["sdk/src/testing/setup.ts", `import { setupWith } from "../setup.ts";`],
  ["sdk/src/testing/setup.ts", `import { withFetch } from "../adapters/fetch.ts";`, "testing/ imports"],
  ["sdk/src/flow.ts", `import { TestClock } from "./testing/clock.ts";`, "The SDK's core imports"],
  ["sdk/src/run/retry.ts", `import { scope } from "../durable/scope.ts";`, "run/ imports"],
  ["sdk/src/run/sqlite/open.ts", `import { scope } from "../../durable/scope.ts";`, "run/ imports"],
  ["sdk/src/run/sqlite/open.ts", `import { JournalNewer } from "../errors/journal-newer.ts";`],
  ["sdk/src/durable/scope.ts", `import { Graph } from "../graph/graph.ts";`, "never another runtime"],
  ["sdk/src/durable/scope.ts", `import { retry } from "../run/retry.ts";`],
  ["sdk/src/workflow/tree.ts", `import { scope } from "../durable/scope.ts";`, "never another runtime"],
  [
    "sdk/src/graph/graph.ts",
    `import { withHttp } from "../adapters/http.ts";`,
    "never another runtime or an adapter",
  ],

  ["collector/src/flow.ts", `import { fold } from "./fold/fold.ts";`, "The collector's domain"],
  ["collector/src/store.ts", `import Database from "better-sqlite3";`, "The collector's domain"],
  ["collector/src/errors.ts", `import { createApp } from "./app.ts";`, "The collector's domain"],
  ["collector/src/store.ts", `import { STATUSES } from "@weir/sdk/attributes";`],
  ["collector/src/fold/fold.ts", `import { open } from "../sqlite/file/open.ts";`, "fold is pure"],
  ["collector/src/fold/fold.ts", `import { readFileSync } from "node:fs";`, "fold is pure"],
  ["collector/src/fold/fold.ts", `import { STATUSES } from "@weir/sdk/attributes";`],
  ["collector/src/fold/fold.ts", `import { Flow } from "../flow.ts";`],
  ["collector/src/otlp/http.ts", `import { fold } from "../fold/fold.ts";`, "otlp imports"],
  ["collector/src/otlp/http.ts", `import { open } from "../sqlite/file/open.ts";`, "otlp imports"],
  ["collector/src/otlp/http.ts", `import { addApi } from "../http/api.ts";`, "otlp imports"],
  ["collector/src/otlp/http.ts", `import { Observation } from "../fold/observation.ts";`],
  ["collector/src/otlp/codec/json.ts", `import { Flow } from "../../flow.ts";`],
  ["collector/src/otlp/codec/json.ts", `import { open } from "../../sqlite/file/open.ts";`, "otlp imports"],
  [
    "collector/src/sqlite/file/open.ts",
    `import { FastifyInstance } from "fastify";`,
    "A store knows no HTTP",
  ],
  ["collector/src/memory/index.ts", `import { Db } from "../sqlite/file/open.ts";`, "A store imports"],
  ["collector/src/memory/index.ts", `import { matcher } from "../matcher.ts";`],
  ["collector/src/care/sweep.ts", `import { Db } from "../sqlite/file/open.ts";`, "care imports the domain"],
  ["collector/src/care/sweep.ts", `import Database from "better-sqlite3";`, "care knows no database"],
  ["collector/src/demo/fill.ts", `import { open } from "../sqlite/file/open.ts";`, "demo imports the domain"],
  ["collector/src/demo/workflows/billing.ts", `import type { WorkflowPlan } from "../plan.ts";`],
  ["collector/src/transfer/export.ts", `import { time } from "../http/present.ts";`, "transfer imports"],
  ["collector/src/transfer/import.ts", `import { fold } from "../fold/index.ts";`],
  ["collector/src/sqlite/index.ts", `import { publish } from "../live/publish.ts";`, "A store imports"],
  ["collector/src/sqlite/index.ts", `import { fold } from "../fold/index.ts";`],
  [
    "collector/src/sqlite/file/open.ts",
    `import { publish } from "../../live/publish.ts";`,
    "A store imports",
  ],
  [
    "collector/src/sqlite/file/open.ts",
    `import { MemoryStore } from "../../memory/index.ts";`,
    "A store imports",
  ],
  ["collector/src/sqlite/rows/flow-rows.ts", `import { fold } from "../../fold/index.ts";`],
  ["collector/src/live/publish.ts", `import { open } from "../sqlite/file/open.ts";`, "live imports"],
  ["collector/src/live/publish.ts", `import { addApi } from "../http/api.ts";`, "live imports"],
  ["collector/src/live/publish.ts", `import { Flow } from "../flow.ts";`],
  ["collector/src/http/api.ts", `import { open } from "../sqlite/file/open.ts";`, "http imports"],
  ["collector/src/http/api.ts", `import { decode } from "../otlp/codec.ts";`, "http imports"],
  ["collector/src/http/api.ts", `import { fold } from "../fold/fold.ts";`, "http imports"],
  ["collector/src/http/api.ts", `import { readGiven } from "../flags.ts";`, "http imports"],
  ["collector/src/http/api.ts", `import Database from "better-sqlite3";`, "http knows no database"],
  ["collector/src/http/api.ts", `export { open } from "../sqlite/file/open.ts";`, "http imports"],
  ["collector/src/http/api.ts", `export const later = import("../sqlite/file/open.ts");`, "http imports"],
  ["collector/src/http/stream.ts", `import { publish } from "../live/publish.ts";`],
  ["collector/src/http/login.ts", `import { Gate } from "../auth/gate.ts";`],
  ["collector/src/auth/gate.ts", `import { AccessStore } from "../access.ts";`],
  ["collector/src/auth/gate.ts", `import { open } from "../sqlite/file/open.ts";`, "auth imports the domain"],
  [
    "collector/src/auth/gate.ts",
    `import { sessionCookie } from "../http/cookie.ts";`,
    "auth imports the domain",
  ],
  ["collector/src/auth/gate.ts", `import { FastifyRequest } from "fastify";`, "auth knows no door"],
  [
    "collector/src/doctor/reach.ts",
    `import { open } from "../sqlite/file/open.ts";`,
    "The doctor stands outside",
  ],
  ["collector/src/doctor/reach.ts", `import { FlowDetail } from "../http/schemas.ts";`],
  ["collector/src/doctor/hops.ts", `import { flow } from "@weir/sdk";`],
  [
    "collector/src/threads/thread.ts",
    `import { open } from "../sqlite/file/open.ts";`,
    "threads knows how to ask",
  ],
  ["collector/src/threads/thread.ts", `import { WeirError } from "../errors.ts";`],
  ["collector/src/workers/writer.ts", `import { open } from "../sqlite/file/open.ts";`],
  ["collector/src/http/api.ts", `import { openThreadedStore } from "../workers/index.ts";`, "http imports"],
  ["collector/src/app.ts", `import { open } from "./sqlite/open.ts";`],

  ["collector/src/client/ask.ts", `import { join } from "node:path";`, "The client runs in browsers"],
  ["collector/src/client/ask.ts", `import type { Store } from "../store.ts";`, "The client runs in browsers"],
  ["collector/src/client/ask.ts", `import { FlowSummary } from "../http/schemas.ts";`, "takes types only"],
  ["collector/src/client/ask.ts", `export { FlowSummary } from "../http/schemas.ts";`, "takes types only"],
  ["collector/src/client/ask.ts", `import type { FlowSummary } from "../http/schemas.ts";`],
  ["collector/src/client/ask.ts", `import { pause } from "./pause.ts";`],
  ["ui/src/api/client.ts", `import { FlowSummary } from "@weir/collector/schemas";`, "ui takes types only"],
  [
    "ui/src/api/client.ts",
    `import { type FlowSummary } from "@weir/collector/schemas";`,
    "ui takes types only",
  ],
  ["ui/src/api/client.ts", `export { FlowSummary } from "@weir/collector/schemas";`, "ui takes types only"],
  ["ui/src/api/client.ts", `export * from "@weir/collector/schemas";`, "ui takes types only"],
  [
    "ui/src/api/client.ts",
    `import { ATTR } from "@weir/sdk/attributes";`,
    "nothing else of the other packages",
  ],
  [
    "ui/src/api/client.ts",
    `import type { Flow } from "../../../collector/src/flow.ts";`,
    "nothing else of the other",
  ],
  ["ui/src/api/client.ts", `import type { FlowSummary } from "@weir/collector/schemas";`],
  ["ui/src/filter/matches.ts", `import { searcher } from "@weir/collector/words";`],
  ["ui/src/api/client.ts", `export type { FlowSummary } from "@weir/collector/schemas";`],
  ["ui/src/api/client.ts", `import { Badge } from "../components/Badge.tsx";`],
];

/** Rules that hold a boundary; what else the linter says about such small files does not matter here. */
const BOUNDARY_RULES = ["lint/style/noRestrictedImports", "plugin"];

interface Finding {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}

const tree = mkdtempSync(join(tmpdir(), "weir-boundaries-"));
let findings: Finding[] = [];

// One run of the linter over one tree: the cases of a file are its lines.
beforeAll(async () => {
  for (const settings of ["biome.json", ".gitignore", "scripts/lint"]) {
    cpSync(join(ROOT, settings), join(tree, settings), { recursive: true });
  }
  for (const [file, statement] of CASES) {
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    appendFileSync(join(tree, file), `${statement}\n`);
  }
  findings = await lint();
});

afterAll(() => rmSync(tree, { recursive: true, force: true }));

test.each(CASES)("%s: %s", (file, statement, message) => {
  const line = 1 + CASES.filter((each) => each[0] === file).findIndex((each) => each[1] === statement);
  const said = findings.filter((each) => each.file === file && each.line === line);
  expect(said.map((each) => each.message)).toEqual(message ? [expect.stringContaining(message)] : []);
});

async function lint(): Promise<Finding[]> {
  const args = ["lint", "--reporter=github", "--max-diagnostics=none", "."];
  // It ends with 1 as there are findings, so the exit code says nothing.
  const output = await new Promise<string>((resolve) => {
    execFile(join(ROOT, "node_modules", ".bin", "biome"), args, { cwd: tree }, (_error, stdout) =>
      resolve(stdout),
    );
  });
  return [...output.matchAll(/title=([^,]+),file=([^,]+),line=(\d+),.*?::(.*)/g)]
    .map(([, rule = "", file = "", line, message = ""]) => ({
      file: relative(realpathSync(tree), file),
      line: Number(line),
      rule,
      message: message.replace(/::error .*/, ""),
    }))
    .filter((finding) => BOUNDARY_RULES.includes(finding.rule));
}
