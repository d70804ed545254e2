// The service of service.ts: Express, with three steps in each request. Arguments: off | weir, the collector's address.
// Prints its address when it is ready. `GET /usage` tells what it has used.
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import express from "express";
import { flowHandler, withExpress } from "../sdk/src/adapters/express.ts";
import { setup, step } from "../sdk/src/index.ts";

const [subject, endpoint = ""] = process.argv.slice(2);
const STEP_MS = 1;

export interface Usage {
  /** Microseconds of CPU since its start, of all its threads. */
  cpu: number;
  /** Answered since its start. */
  requests: number;
  /** Bytes, now. */
  rss: number;
}

let requests = 0;
const app = express();
app.get("/usage", (_, response) => {
  const { user, system } = process.cpuUsage();
  response.json({ cpu: user + system, requests, rss: process.memoryUsage.rss() } satisfies Usage);
});
if (subject === "weir") {
  setup({ serviceName: "bench", endpoint, onDiagnostic() {} });
  withExpress(app);
  app.get(
    "/import/:customer",
    flowHandler(
      { name: "data_import", tenant: (request) => String(request.params["customer"]) },
      async (_, response) => {
        await step.start("read", work);
        await step.start("validate", { attributes: { rows: 120 } }, work);
        await step.start("process", work);
        requests += 1;
        response.json({ ok: true });
      },
    ),
  );
} else {
  app.get("/import/:customer", async (_, response) => {
    await work();
    await work();
    await work();
    requests += 1;
    response.json({ ok: true });
  });
}

const server = app.listen(0, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
// The one who asks turns to the others meanwhile, and comes back to connections that are still open.
server.keepAliveTimeout = 0;
process.on("SIGTERM", () => process.exit());

function work(): Promise<void> {
  return pause(STEP_MS);
}
