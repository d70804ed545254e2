import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { type OtlpServer, otlpServer } from "./otlp-server.ts";

const run = promisify(execFile);
const SDK = new URL("../src/index.ts", import.meta.url).href;

/** What a program prints that is set up towards `endpoint`; one that does not end is over the time of its test. */
async function program(endpoint: string, source: string): Promise<string> {
  const text = `import { flow, health, setup, shutdown, step } from ${JSON.stringify(SDK)};
    setup({ endpoint: ${JSON.stringify(endpoint)}, onDiagnostic() {} });
    ${source}`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", text]);
  return stdout;
}

async function serve(...args: Parameters<typeof otlpServer>): Promise<OtlpServer> {
  const server = await otlpServer(...args);
  onTestFinished(() => server.close());
  return server;
}

test("a program that just ends has sent everything, what is still open included", async () => {
  const server = await serve();
  await program(
    server.url,
    `flow.open({ name: "left", tenant: "t" });
     flow.start({ name: "done", tenant: "t" }, () => step.start("work", () => {}));`,
  );
  expect(server.spans.map((span) => span.name).sort()).toEqual(["done", "left", "work"]);
});

test("a program ends without delay when the collector is down", async () => {
  const stdout = await program(
    "http://127.0.0.1:1",
    `flow.start({ name: "f", tenant: "t" }, () => console.log("ran"));`,
  );
  expect(stdout).toBe("ran\n");
});

test("a program ends within the bound when the collector hangs", async () => {
  const server = await serve(() => {});
  const stdout = await program(
    server.url,
    `flow.start({ name: "f", tenant: "t" }, () => console.log("ran"));`,
  );
  expect(stdout).toBe("ran\n");
});
