/** The page on operating a collector, held against what it tells of: metrics, alerts, lines, reasons and the probe. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { printedMessages, textsIn } from "../../scripts/docs/messages.ts";
import { type Guarded, startGuarded } from "./access-support.ts";
import { aSpan, jsonBody } from "./otlp-support.ts";
import { type Metrics, parseMetrics } from "./prometheus.ts";

const PAGE = readFileSync(new URL("../../docs/operations.md", import.meta.url), "utf8");
const REASONS = readFileSync(new URL("../src/otlp/rejection.ts", import.meta.url), "utf8");

let weir: Guarded;
let metrics: Metrics;

beforeAll(async () => {
  weir = await startGuarded("never");
  const ingest = await weir.key("ingest");
  const headers = { "content-type": "application/json" };
  const bad = aSpan({ traceId: "00" });
  await weir.fetch("/v1/traces", ingest, {
    method: "POST",
    headers,
    body: new Uint8Array(jsonBody([aSpan(), bad])),
  });
  metrics = parseMetrics(await (await weir.fetch("/metrics", await weir.key("read"))).text());
});
afterAll(() => weir.close());

/** What is under a heading, up to the next of its level. */
function under(heading: string): string {
  const [, level = ""] = /^(#+)/.exec(heading) ?? [];
  const [, text = ""] =
    new RegExp(`^${heading}\\n(.*?)(?=^#{1,${level.length}} |\\Z)`, "ms").exec(PAGE) ?? [];
  expect(text, heading).not.toBe("");
  return text;
}

/** The codes in the first cell of each row. */
function firstCells(text: string): string[] {
  return [...text.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code),
  );
}

test("tells of each metric, with its kind, and of no other", () => {
  const rows = [...under("## Metrics").matchAll(/^\| (`weir_.*?) \| (.*?) \|/gm)];
  const told = rows.flatMap(([, names = "", kind = ""]) =>
    [...names.matchAll(/`(weir_\w+)`/g)].map(([, name = ""]) => [name, kind.replace(/s?,.*/, "")]),
  );
  const ours = [...metrics.values()].filter(({ name }) => name.startsWith("weir_"));
  expect(told.toSorted()).toEqual(ours.map(({ name, type }) => [name, type]).toSorted());
});

test("its alerts ask for metrics and labels that there are", () => {
  const alerts = [...under("### Alerts to set").matchAll(/expr: (.*)/g)].map(([, expr = ""]) => expr);
  expect(alerts.length).toBeGreaterThan(6);
  for (const expr of alerts.filter((each) => !each.startsWith("up"))) {
    const [, name = "", filter = ""] = /(weir_\w+?)(?:_bucket)?(?:\{(.*?)\})?[\s[]/.exec(expr) ?? [];
    const samples = metrics.get(name)?.samples ?? [];
    expect(metrics.has(name), expr).toBe(true);
    const [, key, value] = /(\w+)="(\w+)"/.exec(filter) ?? [];
    if (key !== undefined)
      expect(
        samples.map(({ labels }) => labels[key]),
        expr,
      ).toContain(value);
    const [, by] = /by \((\w+)\)/.exec(expr) ?? [];
    if (by !== undefined && samples.length > 0)
      expect(
        samples.some(({ labels }) => by in labels),
        expr,
      ).toBe(true);
  }
});

test("says what each line means that the collector prints, and no line that it does not", async () => {
  const told = firstCells(under("## What each line means").replace(/### Why spans are rejected.*/s, ""));
  const printed = await printedMessages();
  expect(printed.length).toBeGreaterThan(50);
  expect(told.toSorted()).toEqual(printed.toSorted());
});

test("a line is read from the code whatever is put into it", () => {
  const code = `warn(\`a \${of({ b: "}" })} c\` + "d e", x, "f")`;
  expect(textsIn(code, 5)).toEqual(["a … cd e", "f"]);
});

test("says of each reason why a span is rejected", () => {
  const [, union = ""] = /type Reason =(.*?);/s.exec(REASONS) ?? [];
  const reasons = [...union.matchAll(/"([\w-]+)"/g)].map(([, reason]) => reason);
  expect(firstCells(under("### Why spans are rejected")).toSorted()).toEqual(reasons.toSorted());
});

test("its probe is ready with a key, and not without", async () => {
  const [, script = ""] = /- node\n\s+- -e\n\s+- >-\n(.*?)```/s.exec(PAGE) ?? [];
  const probe = script.replaceAll(/\s*\n\s*/g, " ").replace("http://127.0.0.1:4318", weir.url);
  expect(probe).toContain(weir.url);
  const run = async (key: string) =>
    await promisify(execFile)(process.execPath, ["-e", probe], { env: { PROBE_KEY: key } }).then(
      () => 0,
      ({ code }) => code,
    );
  expect(await Promise.all([run(await weir.key("ingest")), run("none")])).toEqual([0, 1]);
});
