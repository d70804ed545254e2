// The Python example, with the official OpenTelemetry package, against a real collector.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { flow, flush, setup, shutdown, step } from "@weir/sdk";
import { withFetch } from "@weir/sdk/fetch";
import { afterAll, beforeAll, expect, test } from "vitest";
import { flowOf, flowsOf, treeOf, until } from "./support/api.ts";
import { readGuide } from "./support/guide.ts";
import { expectFlowsOf } from "./support/guide-flows.ts";
import { type RunningCollector, startCollector, startProgram } from "./support/processes.ts";
import { GuideFolder } from "./support/reader-folder.ts";

const EXAMPLE = fileURLToPath(new URL("../examples/plain-otel-python", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "weir-python-"));
const python = await pythonWithOpenTelemetry();

let collector: RunningCollector;

beforeAll(async () => {
  collector = await startCollector();
});

afterAll(async () => {
  await collector.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A Python with what the example requires, in a folder of its own; `undefined`, and a line that says why, without. */
async function pythonWithOpenTelemetry(): Promise<string | undefined> {
  const run = promisify(execFile);
  try {
    await run("python3", ["-m", "venv", folder]);
    const bin = join(folder, "bin");
    await run(join(bin, "pip"), ["install", "--quiet", "-r", join(EXAMPLE, "requirements.txt")], {
      timeout: 100_000,
    });
    return join(bin, "python");
  } catch (error) {
    const [why] = String((error as { stderr?: string }).stderr || (error as Error).message).split("\n");
    console.warn(
      `e2e/python: skipped, as python3 with venv, or a package of requirements.txt, is missing: ${why}`,
    );
    return undefined;
  }
}

function startExample(...args: string[]) {
  return startProgram(python as string, [join(EXAMPLE, "main.py"), ...args], {
    WEIR_ENDPOINT: collector.url,
  });
}

test.skipIf(python === undefined)("the guide's programs, as they stand there", async () => {
  const guide = readGuide("docs/guides/other-languages.md");
  const folders = new GuideFolder();
  try {
    const options = { folders, name: "other-languages", collector: collector.port, bin: join(folder, "bin") };
    await expectFlowsOf(guide, options);
  } finally {
    folders[Symbol.dispose]();
  }
});

const one = (name: string, status: string, ...children: object[]) => ({ name, status, children });

test.skipIf(python === undefined)("a flow of Python's own", async () => {
  const running = startExample();
  expect(await running.exited, running.output()).toBe(0);
  const [summary, ...others] = await flowsOf(collector.url, "?name=send_invoices");
  expect(others).toEqual([]);
  const sent = await flowOf(collector.url, "acme-corp", summary?.id ?? "");
  expect(sent).toMatchObject({
    status: "succeeded",
    labels: { env: "demo", language: "python" },
    services: ["billing-python"],
    incomplete: [],
    events: [{ name: "prices applied", attributes: { currency: "EUR" } }],
  });
  expect(treeOf(sent)).toEqual([
    one("collect", "succeeded", one("read_usage", "succeeded"), one("apply_prices", "succeeded")),
    one("charge", "failed"),
    one("charge", "succeeded"),
  ]);
  expect(sent.steps.filter(({ name }) => name === "charge")).toMatchObject([
    { attempt: 1, error: { type: "ConnectionError", message: "card declined: insufficient funds" } },
    { attempt: 2, error: null },
  ]);
  expect(sent.steps[0]?.attributes).toEqual({ customers: 3 });
});

test.skipIf(python === undefined)(
  "a flow that arrives from a TypeScript service goes on in Python",
  async () => {
    const service = startExample("serve", "0");
    const [, url = ""] = await service.printed(/listening on (\S+)/);
    setup({ serviceName: "shop", endpoint: collector.url });
    const undo = withFetch();
    const tenant = "Crème & Söhne, 100 %";
    const id = await flow.start({ name: "order", tenant, labels: { plan: "team+" } }, async (f) => {
      await step.start("pay", () => fetch(url, { method: "POST" }));
      return f.id;
    });
    undo();
    await flush();
    await shutdown();
    await service.stop("SIGINT");

    const whole = await until("the steps from Python", async () => {
      const got = await flowOf(collector.url, tenant, id);
      return got.steps.length === 3 && got;
    });
    expect(whole).toMatchObject({
      status: "succeeded",
      labels: { plan: "team+" },
      services: ["billing-python", "shop"],
      incomplete: [],
      events: [{ name: "charged", attributes: { cents: 990 } }],
    });
    expect(treeOf(whole)).toEqual([
      one("pay", "succeeded", one("charge", "succeeded", one("ask_bank", "succeeded"))),
    ]);
  },
);
