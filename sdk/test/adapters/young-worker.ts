// A service that asks itself, with `--expose-gc`. Argument: Express | Fastify. Prints how many bytes a request leaves to
// the collections of all garbage, in several rounds, as JSON.
import { once } from "node:events";
import http from "node:http";
import { setImmediate as turn } from "node:timers/promises";
import express from "express";
import fastify from "fastify";
import { flowHandler, withExpress } from "../../src/adapters/express.ts";
import { withFastify } from "../../src/adapters/fastify.ts";
import { withHttp } from "../../src/adapters/http.ts";
import { flow, flush, setup, step } from "../../src/index.ts";
import { listen } from "./server.ts";

const ROUNDS = 5;
const REQUESTS = 2000;
const AT_ONCE = 50;
const FLOW = { name: "data_import", tenant: "acme-corp" };

const collect = globalThis.gc as (options?: { type: "minor" }) => void;
const sink = await listen((request, response) => {
  request.resume().once("end", () => response.setHeader("content-type", "application/json").end("{}"));
});
setup({ serviceName: "test", endpoint: sink.url });
withHttp({ steps: true });
const url = await (process.argv[2] === "Express" ? serveExpress() : serveFastify());
const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE });

const rounds: number[] = [];
// In the first round more is made that stays.
for (let round = 0; round <= ROUNDS; round++) rounds.push(Math.round(await left()));
console.log(JSON.stringify(rounds.slice(1)));
process.exit();

async function left(): Promise<number> {
  collect();
  const before = process.memoryUsage().heapUsed;
  let asked = 0;
  const client = async () => {
    while (asked++ < REQUESTS) await flow.start({ name: "order", tenant: "acme-corp" }, post);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  await flush();
  await turn();
  // What lives through two of the young is old.
  for (let i = 0; i < 2; i++) collect({ type: "minor" });
  return (process.memoryUsage().heapUsed - before) / REQUESTS;
}

async function post(): Promise<void> {
  const request = http.request(url, { method: "POST", agent }).end();
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  response.resume();
  await once(response, "end");
}

function work(): string {
  return step.start("work", () => "done");
}

async function serveExpress(): Promise<string> {
  const app = withExpress(express());
  app.post(
    "/",
    flowHandler(FLOW, (_request, response) => void response.send(work())),
  );
  return (await listen(app)).url;
}

async function serveFastify(): Promise<string> {
  const app = fastify();
  await app.register(withFastify);
  app.post("/", { config: { flow: FLOW } }, async () => work());
  return await app.listen();
}
