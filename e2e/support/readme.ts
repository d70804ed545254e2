/** What the README tells a newcomer to type, typed in a project that has Weir's packages and Express. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../scripts/free-port.ts";
import { flowsOf, get, until } from "./api.ts";
import { openPage, startBrowser } from "./browser.ts";
import type { NewProject } from "./new-project.ts";
import type { Running } from "./processes.ts";

const README = readFileSync(new URL("../../README.md", import.meta.url), "utf8");

/** @throws {Error} at the first thing that is not as the README says */
export async function followReadme(project: NewProject): Promise<void> {
  const { collector, url } = await startWeir(project);
  const env = { WEIR_ENDPOINT: url };
  try {
    await runFirstProgram(project, url);
    await runExpress(project, url);
    match(await project.run("npx", ["weir", "doctor"], env), /^(ok .*\n){4}$/);
    await project.run("npx", ["weir", "demo", "--flows", "20", "--url", url]);
    const { total } = await get<{ total: number }>(`${url}/api/v1/flows/count`);
    ok(total >= 20, `expected the flows of the demo, got ${total}`);
  } finally {
    await collector.stop();
  }
}

async function startWeir(project: NewProject): Promise<{ collector: Running; url: string }> {
  // Without npx, which does not pass signals on.
  const collector = project.start("weir", ["serve", "--port", "0", "--grpc-port", "0"]);
  const [, url = ""] = await collector.printed(/listening on (http:[\w./:]+)/);
  return { collector, url };
}

async function runFirstProgram(project: NewProject, url: string): Promise<void> {
  const program = programIn(/```ts\n(import { flow, setup, step }.*?)```/s);
  writeFileSync(join(project.folder, "program.mjs"), program);
  await project.run("node", ["program.mjs"], { WEIR_ENDPOINT: url });
  const [flow] = await flowsOf(url, "?tenant=acme-corp");
  equal(flow?.status, "succeeded");
}

async function runExpress(project: NewProject, url: string): Promise<void> {
  const port = await freePort();
  const program = programIn(/```js\n(import { setup, step }.*?)```/s);
  const request = programIn(/```sh\nnode server\.mjs &\n(curl .*?)\n```/s);
  writeFileSync(join(project.folder, "server.mjs"), program.replace("listen(3000)", `listen(${port})`));
  const server = project.start("node", ["server.mjs"], { WEIR_ENDPOINT: url });
  // At once, as both lines are typed together; and looked at while it runs.
  const client = project.start("bash", ["-c", request.replace(":3000", `:${port}`)]);
  try {
    await until("the import at its first step", async () => {
      const [flow] = await flowsOf(url, "?tenant=acme-corp&status=running");
      return flow?.currentSteps.includes("validate");
    });
    await seeOnPage(url, "acme-corp");
    await client.printed(/imported/);
  } finally {
    await client.stop();
    await server.stop();
  }
}

async function seeOnPage(url: string, text: string): Promise<void> {
  const browser = await startBrowser();
  try {
    const { page, troubles } = await openPage(browser, url);
    await page.getByText(text).first().waitFor();
    deepEqual(troubles, []);
  } finally {
    await browser.close();
  }
}

function programIn(fence: RegExp): string {
  const [, program] = fence.exec(README) ?? [];
  ok(program, `expected a program in the README that fits ${fence}, got none`);
  return program;
}
