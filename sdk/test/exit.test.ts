import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { type OtlpServer, otlpServer } from "./otlp-server.ts";

const run = promisify(execFile);
const SDK = new URL("../src/index.ts", import.meta.url).href;

/** Runs a program that is set up towards `endpoint`, to its end. */
async function program(endpoint: string, source: string): Promise<{ stdout: string; ms: number }> {
  const text = `import { flow, health, setup, shutdown, step } from ${JSON.stringify(SDK)};
    setup({ endpoint: ${JSON.stringify(endpoint)}, onDiagnostic() {} });
    ${source}`;
  const started = performance.now();
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", text]);
  return { stdout, ms: performance.now() - started };
}

async function serve(...args: Parameters<typeof otlpServer>): Promise<OtlpServer> {
  const server = await otlpServer(...args);
  onTestFinished(() => server.close());
  return server;
}

test("a program that just ends has sent everything, what is still open included", async () => {
  const server = await serve();
  const { ms } = await program(
    server.url,
    `flow.open({ name: "left", tenant: "t" });
     flow.start({ name: "done", tenant: "t" }, () => step.start("work", () => {}));`,
  );
  expect(server.spans.map((span) => span.name).sort()).toEqual(["done", "left", "work"]);
  expect(ms).toBeLessThan(3000);
});

test("a program ends without delay when the collector is down", async () => {
  const { stdout, ms } = await program(
    "http://127.0.0.1:1",
    `flow.start({ name: "f", tenant: "t" }, () => console.log("ran"));`,
  );
  expect(stdout).toBe("ran\n");
  expect(ms).toBeLessThan(3000);
});

test("a program ends within the bound when the collector hangs", async () => {
  const server = await serve(() => {});
  const { ms } = await program(server.url, `flow.start({ name: "f", tenant: "t" }, () => {});`);
  expect(ms).toBeLessThan(8000);
});
